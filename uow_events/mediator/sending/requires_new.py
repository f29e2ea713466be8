"""Transactions inside of transactions, each on a connection of its own: how many the pool can bear."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from uow_events.errors import RequiresNewLimitError


class InnerTransactions:
    """Counts the units of work that hold a connection while they wait for an inner one.

    With fewer of them than the pool has connections, one connection is always in the hands of somebody who waits for
    nobody, so that all get theirs in the end. Whoever would be one too many is refused, not kept waiting: it holds a
    connection itself.
    """

    def __init__(self, engine: AsyncEngine, limit: int | None) -> None:
        self.limit = limit if limit is not None else _capacity(engine)
        self._running = 0

    def enter(self, name: str) -> None:
        """Count one more inner transaction, until leave().

        Raises:
            RequiresNewLimitError: there are as many as the pool can bear.
        """
        if self.limit is not None and self._running >= self.limit:
            raise RequiresNewLimitError(name, self.limit)
        self._running += 1

    def leave(self) -> None:
        """Count one less."""
        self._running -= 1


def _capacity(engine: AsyncEngine) -> int | None:
    """Return one less than the connections a pool gives out; None where it gives any number."""
    pool = engine.pool
    if not isinstance(pool, QueuePool) or pool._max_overflow < 0:  # pyright: ignore[reportPrivateUsage]
        return None
    return pool.size() + pool._max_overflow - 1  # pyright: ignore[reportPrivateUsage]
