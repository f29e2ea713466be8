"""The loop of a relay: look which shards have something due, and work on them, several at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, TypeAlias, TypeVar

from uow_events.errors import SchemaNotMigratedError
from uow_events.outbox import DATABASE_ERRORS, NOT_MIGRATED, driver_connection
from uow_events.relay.gate import Gate
from uow_events.relay.listening import Listener
from uow_events.relay.round import Round
from uow_events.relay.settlement import Settlement
from uow_events.relay.shards import Shards

T = TypeVar("T")
Until: TypeAlias = Literal["stopped", "empty", "idle"]
SHORTEST_PAUSE = 0.05
"""Seconds; the pauses double from here to the poll interval while nothing is found."""
NOT_MENDED_BY_WAITING = frozenset({"22", "23", "42"})
"""Classes of SQLSTATE: wrong data, a violated constraint, a wrong or forbidden statement."""


@dataclass(kw_only=True, eq=False)
class Delivery:
    """Runs rounds until it is stopped, or nothing is left; a lost database or broker costs time alone."""

    shards: Shards
    round: Round
    concurrency: int
    poll_interval: float
    stop_timeout: float
    listener: Listener
    published: int = 0
    failed: int = 0
    dead: int = 0
    looks: int = 0
    database: Gate = field(default_factory=lambda: Gate("database"))
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _busy: set[int] = field(default_factory=set[int])
    _again: set[int] = field(default_factory=set[int])
    _fatal: BaseException | None = None

    @property
    def broker(self) -> Gate:
        """Whether the broker is there."""
        return self.round.publishing.gate

    @property
    def oldest(self) -> timedelta:
        """How long the oldest row that is ready has been so, at the last look."""
        return self.shards.oldest

    def wake(self) -> None:
        """Look at once: something was committed."""
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing more; what is being published is finished and settled."""
        self._stopping.set()
        self._woken.set()

    def begin(self) -> None:
        """Get ready for another run(), which a stop() from now on ends."""
        self._stopping.clear()
        self._busy.clear()
        self._again.clear()

    async def run(self, until: Until) -> None:
        """Deliver until stop(), until nothing is left, or until nothing is due.

        Raises:
            SchemaNotMigratedError: the tables are not there, or not as this release needs them.
            Exception: the database refuses a statement for another reason that waiting does not mend.
        """
        queue: asyncio.Queue[int | None] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self.listener.run(), name="relay listener")
            workers = [group.create_task(self._work(queue), name=f"relay {n}") for n in range(self.concurrency)]
            await self._feed(queue, until)
            self.stop()
            for _ in workers:
                queue.put_nowait(None)
            _, late = await asyncio.wait(workers, timeout=self.stop_timeout)
            for task in (listening, *late):
                task.cancel()
        fatal, self._fatal = self._fatal, None
        if fatal is not None:
            raise fatal

    async def _feed(self, queue: asyncio.Queue[int | None], until: Until) -> None:
        pause = SHORTEST_PAUSE
        while not self._stopping.is_set():
            self._woken.clear()
            found = await self._look()
            if not self.broker.wait:
                self._again.update(self._busy.intersection(found))
                for shard in found:
                    if shard not in self._busy:
                        self._busy.add(shard)
                        queue.put_nowait(shard)
            if not found and not self._busy and await self._is_over(until):
                return
            pause = SHORTEST_PAUSE if found else min(2 * pause, self.poll_interval)
            await self._sleep(pause)

    async def _sleep(self, pause: float) -> None:
        """Wait for a wake-up, or as long as the broker or the database is to be left alone."""
        left_alone = max(self.broker.wait, self.database.wait)
        with suppress(TimeoutError):
            async with asyncio.timeout(left_alone or pause):
                await (self._stopping if left_alone else self._woken).wait()

    async def _look(self) -> list[int]:
        found = await self._asked(lambda driver: self.shards.due(driver, asyncio.get_running_loop().time()))
        self.looks += found is not None
        return found or []

    async def _is_over(self, until: Until) -> bool:
        if until == "stopped" or self.database.wait:
            return False
        return bool(await self._asked(self.shards.is_idle if until == "idle" else self.shards.is_empty))

    async def _asked(self, question: Callable[[Any], Awaitable[T]]) -> T | None:
        try:
            async with driver_connection(self.round.engine) as driver:
                answer = await question(driver)
        except Exception as error:
            self._lost(error)
            return None
        self.database.answered()
        return answer

    async def _work(self, queue: asyncio.Queue[int | None]) -> None:
        while (shard := await queue.get()) is not None:
            if not self._stopping.is_set() and not self.broker.wait and await self._works_on(shard):
                queue.put_nowait(shard)
            else:
                self._busy.discard(shard)

    async def _works_on(self, shard: int) -> bool:
        """Run a round on a shard, and tell whether it is worth another one at once."""
        self._again.discard(shard)
        try:
            outcome = await self.round.run(shard, self.shards.start(shard), self._stopping.is_set)
        except Exception as error:
            self._lost(error)
            return False
        self.database.answered()
        if outcome is None:
            return False
        self._count(outcome.settlement)
        if outcome.is_complete:
            self.shards.passed(shard, outcome.claimed)
        else:
            self.shards.look_again(shard)
        is_more_due = len(outcome.claimed) == self.round.batch_size or shard in self._again
        return bool(outcome.claimed) and is_more_due and self.broker.is_open

    def _count(self, settlement: Settlement) -> None:
        self.published += len(settlement.delivered)
        self.failed += len(settlement.failed)
        self.dead += len(settlement.dead)

    def _lost(self, error: Exception) -> None:
        """Wait for the database to come back; anything else ends the relay."""
        sqlstate: str = getattr(getattr(error, "orig", error), "sqlstate", None) or ""
        if sqlstate in NOT_MIGRATED:
            self._fatal = SchemaNotMigratedError(self.round.table)
            self._fatal.__cause__ = error
        elif sqlstate[:2] in NOT_MENDED_BY_WAITING or not isinstance(error, DATABASE_ERRORS):
            self._fatal = error
        else:
            self.database.is_away(error)
            return
        self.stop()
