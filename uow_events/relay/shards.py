"""Which shards have something due, and from which id on it is worth looking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import shuffle
from typing import Any

from uow_events.outbox import SHARDS
from uow_events.relay.claimed import Claimed
from uow_events.relay.floor import Floor
from uow_events.relay.statements import Statements

FULL_LOOK = 1.0
"""Seconds between two looks from the start."""
START = [0] * SHARDS


class Shards:
    """The shards as one relay sees them.

    A deleted row leaves an entry at the head of the index, over which every claim reads until VACUUM takes it. So a
    relay remembers how far it has come in each shard, up to where no transaction can commit a lower id any more. It is
    a hint all the same: once a second, and before it says that nothing is due, a relay looks from the start.
    """

    def __init__(self, statements: Statements, topics: Sequence[str] | None) -> None:
        self._statements = statements
        self._topics = topics
        self._floor = Floor()
        self._lowest = list(START)
        self._final = list(START)
        self._looked_at = 0.0
        self.oldest = timedelta(0)

    def start(self, shard: int) -> int:
        """Return the id from which on the claim that begins now has to look."""
        self._final[shard] = self._floor.id
        return self._lowest[shard]

    def passed(self, shard: int, rows: Sequence[Claimed]) -> None:
        """Remember that nothing is ready before the last of these rows, all of which have been settled."""
        ready = [row.id for row in rows if row.held is None]
        if ready:
            self._floor.pass_by(ready[-1])
            self._lowest[shard] = max(self._lowest[shard], min(ready[-1], self._final[shard]) + 1)

    def look_again(self, shard: int) -> None:
        """Forget how far one shard was worked off: something is left there, also where a claim is under way."""
        self._lowest[shard] = 0
        self._final[shard] = -1

    async def due(self, driver: Any, now: float) -> list[int]:
        """Return the shards with something due, in an order of their own for each relay."""
        is_from_the_start = now - self._looked_at >= FULL_LOOK
        if is_from_the_start:
            self._looked_at = now
        return await self._look(driver, START if is_from_the_start else self._lowest)

    async def is_idle(self, driver: Any) -> bool:
        """Tell whether nothing is due, from the start."""
        return not await self._look(driver, START)

    async def is_empty(self, driver: Any) -> bool:
        """Tell whether nothing is left but what waits for a time of its own, or for a paused topic."""
        return bool(await driver.fetchval(self._statements.is_empty, self._topics))

    async def _look(self, driver: Any, lowest: Sequence[int]) -> list[int]:
        known = list(self._lowest)
        async with driver.transaction(isolation="read_committed", readonly=True):
            await self._floor.raise_(driver)
            rows = await driver.fetch(self._statements.due_shards, self._topics, lowest)
        for row in rows:
            if row["id"] is not None and row["id"] < known[row["shard"]]:
                self.look_again(row["shard"])
        self.oldest = max((row["age"] for row in rows if row["age"] is not None), default=timedelta(0))
        shards = [row["shard"] for row in rows]
        shuffle(shards)
        return shards
