"""One round on one shard: lock it, claim its oldest due rows, publish them, settle, and free it by the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.outbox import driver_connection
from uow_events.relay.backoff import Backoff
from uow_events.relay.claimed import Claimed
from uow_events.relay.publishing import Publishing
from uow_events.relay.settlement import Settlement
from uow_events.relay.statements import Statements, lock

Driver: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows that a round claimed, and what became of them."""

    claimed: Sequence[Claimed]
    settlement: Settlement

    @property
    def is_complete(self) -> bool:
        """Whether something became of every row, so that none of them is left as it was."""
        done = self.settlement
        return len(done.delivered) + len(done.failed) + len(done.dead) + done.waiting == len(self.claimed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What all rounds of one relay have in common.

    The transaction is READ COMMITTED, with the lock and the claim in two statements: in one, or with one snapshot for
    both, a relay would claim again what another has just deleted. While the broker is at work the transaction holds no
    snapshot, so that VACUUM goes on elsewhere.
    """

    engine: AsyncEngine
    statements: Statements
    publishing: Publishing
    topics: Sequence[str] | None
    batch_size: int
    max_batch_bytes: int
    max_attempts: int
    backoff: Backoff

    @property
    def table(self) -> str:
        """The outbox table's name, with its schema."""
        return self.statements.outbox

    async def run(self, shard: int, lowest: int, is_stopping: Callable[[], bool]) -> Outcome | None:
        """Work on a shard's rows from the id `lowest` on; None where another relay holds the shard.

        Cancelled while it publishes, it settles what was confirmed before it raises the cancellation.
        """
        async with driver_connection(self.engine) as driver, driver.transaction(isolation="read_committed"):
            locked = lock(driver.get_server_version().major)
            if not await driver.fetchval(locked, self.statements.outbox, shard):
                return None
            claim = self.statements.claim
            rows = await driver.fetch(claim, self.topics, shard, lowest, self.batch_size, self.max_batch_bytes)
            await driver.execute("SELECT 1")  # the fetch's portal holds a snapshot until the next simple statement
            claimed = [Claimed.of(row) for row in rows]
            settlement = Settlement(self.max_attempts, self.backoff)
            # without its connection it has lost the shard: another relay may be at it already
            cancelled = await self._publish(claimed, settlement, lambda: is_stopping() or driver.is_closed())
            await self._settle(driver, shard, settlement)
        if cancelled is not None:
            raise cancelled
        return Outcome(claimed, settlement)

    async def _publish(
        self, claimed: Sequence[Claimed], settlement: Settlement, is_stopping: Callable[[], bool]
    ) -> asyncio.CancelledError | None:
        try:
            await self.publishing.publish(claimed, settlement, is_stopping)
        except asyncio.CancelledError as cancelled:
            return cancelled
        return None

    async def _settle(self, driver: Driver, shard: int, settlement: Settlement) -> None:
        statements = self.statements
        if settlement.delivered:
            await driver.execute(statements.delete, settlement.delivered)
        if settlement.dead:
            await driver.execute(statements.bury, *_columns(settlement.dead))
        if settlement.failed:
            await driver.execute(statements.fail, *_columns(settlement.failed))
        if settlement.held:
            await driver.execute(statements.hold, *_columns(settlement.held))
        if settlement.blocked:
            await driver.execute(statements.block, shard, *_columns(settlement.blocked.items()))
        if keys := settlement.unblocked():
            await driver.execute(statements.unblock, shard, list(keys))


def _columns(rows: Iterable[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))
