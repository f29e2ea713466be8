"""Runs one relay in this process until it is told to end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from uow_events.cli.database import Database, reason
from uow_events.cli.signals import on_end
from uow_events.errors import BrokerUnavailableError, DatabaseRefusedError, UowEventsError
from uow_events.messages import failure_text
from uow_events.outbox import DATABASE_ERRORS
from uow_events.relay import Relay, RelayStatus

logger = logging.getLogger("uow_events")
INTERVAL = 1.0
"""Seconds between two beats."""


class Running:
    """A relay that runs; what is being published when it is told to end is finished, unless it is told twice."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._task: asyncio.Task[None] | None = None
        self._is_ending = False

    async def until_end(self, beat: Callable[[RelayStatus], object], interval: float = INTERVAL) -> int:
        """Deliver until SIGINT or SIGTERM, and tell the status at the start, every `interval` seconds and at the end.

        A broker that is a context manager is entered and left; the engine is disposed of. Returns the exit code: 0, or
        1 where it was cut short.

        Raises:
            SchemaNotMigratedError: the tables are not there, or not as this release needs them.
            DatabaseRefusedError: the database refuses a statement for a reason that waiting does not mend.
        """
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._relay.engine.dispose)
            stack.enter_context(on_end(self.end))
            await self._enter_broker(stack)
            if self._is_ending:
                return 0
            self._task = task = asyncio.create_task(self._relay.run(), name="relay")
            beat(self._relay.status)
            while not (await asyncio.wait({task}, timeout=interval))[0]:
                beat(self._relay.status)
            beat(self._relay.status)
            return await self._code_of(task)

    def end(self) -> None:
        """End gracefully; the second time, at once."""
        if self._is_ending and self._task is not None:
            self._task.cancel()
        self._is_ending = True
        self._relay.stop()

    async def _enter_broker(self, stack: AsyncExitStack) -> None:
        """Have the broker closed at the end; one that cannot be reached now is waited for by the relay."""
        broker = self._relay.broker
        if isinstance(broker, AbstractAsyncContextManager):
            try:
                await broker.__aenter__()
            except BrokerUnavailableError as error:
                logger.warning("The relay starts all the same: %s", failure_text(error))
            stack.push_async_exit(broker)

    async def _code_of(self, task: asyncio.Task[None]) -> int:
        if task.cancelled():
            return 1
        try:
            await task
        except UowEventsError:
            raise
        except DATABASE_ERRORS as error:
            raise DatabaseRefusedError(str(Database(self._relay.engine.url)), reason(error)) from error
        return 0
