"""Tells relays of other processes that something was committed."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from hashlib import sha256
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.messages import failure_text
from uow_events.outbox.driver import DATABASE_ERRORS, own_connection
from uow_events.outbox.tables import tables

if TYPE_CHECKING:
    from uow_events.outbox.outbox import Outbox

logger = logging.getLogger("uow_events")
INTERVAL = 0.005
"""Seconds between two calls at least."""
PATIENCE = 5.0
"""Seconds for one call, and after one that failed."""
MAX_CHANNEL_NAME = 63
FAILED = "Relays of other processes could not be woken, and find what was committed at their next look: %s"


def channel_of(schema: str | None) -> str:
    """Return the name of the NOTIFY channel of an outbox table."""
    name = tables(schema).outbox.fullname
    return name if len(name.encode()) <= MAX_CHANNEL_NAME else f"uow_events.{sha256(name.encode()).hexdigest()[:32]}"


class Waker:
    """Calls after commits, never in them: NOTIFY takes a lock of the whole database at its commit.

    One call for all commits of an interval, on a connection of its own. A call that is lost costs latency, no message.
    """

    def __init__(self, outbox: Outbox, engine: AsyncEngine) -> None:
        self._outbox = outbox
        self._engine = engine
        self._channel = channel_of(outbox.schema)
        self._event = asyncio.Event()
        self._is_due = False
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._outbox.add_listener(self._committed)
        self._task = asyncio.create_task(self._run(), name="uow_events waker")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Make the last call, and end."""
        assert self._task is not None
        self._outbox.remove_listener(self._committed)
        self._closing.set()
        self._event.set()
        await asyncio.wait({self._task}, timeout=2 * PATIENCE)
        self._task.cancel()

    def _committed(self) -> None:
        self._is_due = True
        self._event.set()

    async def _run(self) -> None:
        has_failed = False
        while await self._next():
            try:
                async with own_connection(self._engine) as driver:
                    await self._call(driver)
            except DATABASE_ERRORS as error:
                logger.log(logging.DEBUG if has_failed else logging.WARNING, FAILED, failure_text(error))
                has_failed = True
                await self._pause(PATIENCE)
                self._is_due = self._is_due and not self._closing.is_set()

    async def _call(self, driver: Any) -> None:
        while await self._next():
            self._is_due = False
            async with asyncio.timeout(PATIENCE):
                await driver.execute("SELECT pg_notify($1, '')", self._channel)
            await self._pause(INTERVAL)

    async def _next(self) -> bool:
        """Wait for a commit, and tell that there was one; False once this ends."""
        while not self._is_due and not self._closing.is_set():
            self._event.clear()
            await self._event.wait()
        return self._is_due

    async def _pause(self, seconds: float) -> None:
        """Wait; the end cuts it short."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
