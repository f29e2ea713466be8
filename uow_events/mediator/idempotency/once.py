"""Runs a command once per key, or returns what it returned when it ran."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.mediator.idempotency.guard import AlreadyClaimed, IdempotencyGuard

R = TypeVar("R")
ROUNDS = 5


async def once(guard: IdempotencyGuard, engine: AsyncEngine, attempt: Callable[[], Awaitable[R]]) -> R:
    """Return what `attempt` returns, or, where the command has committed under this key before, its response then.

    `attempt` opens a unit of work, claims the key first (`guard.claim`), and keeps its response (`guard.keep`). Where
    the key is taken, it leaves with AlreadyClaimed, its unit rolled back; the response is then read by a fresh
    transaction. Where there is none after all (its row was purged meanwhile), the attempt is made again, up to five
    times.

    Raises:
        IdempotencyConflictError: the key belongs to a command with other content.
        IdempotencyInProgressError: the twin did not end within the lock timeout, or its row came and went five times.
        IdempotencyResponseError: a stored response does not fit its type any more.
        Exception: whatever else `attempt` raises.
    """
    taken: AlreadyClaimed | None = None
    for _ in range(ROUNDS):
        try:
            return await attempt()
        except AlreadyClaimed as claimed:
            taken = claimed
        stored = await guard.stored(engine)
        if stored is not None:
            return cast(R, stored.response)
    raise guard.in_progress() from taken
