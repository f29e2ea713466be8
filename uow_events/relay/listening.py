"""Hears that another process has committed something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.outbox import DATABASE_ERRORS, own_connection
from uow_events.relay.gate import Gate


@dataclass(frozen=True, slots=True)
class Listener:
    """Listens on a connection of its own, and begins anew where that is lost. The relay looks by itself as well."""

    engine: AsyncEngine
    channel: str
    wake: Callable[[], object]

    async def run(self) -> None:
        """Listen until it is cancelled."""
        gate = Gate("server, to listen for commits,")
        while True:
            try:
                await self._listen(gate)
            except DATABASE_ERRORS as error:
                gate.is_away(error)
            await asyncio.sleep(gate.wait)

    async def _listen(self, gate: Gate) -> None:
        ended = asyncio.Event()

        def end(*_: object) -> None:
            ended.set()

        def wake(*_: object) -> None:
            self.wake()

        async with own_connection(self.engine) as driver:
            driver.add_termination_listener(end)
            await driver.add_listener(self.channel, wake)
            gate.answered()
            self.wake()  # for what was committed before
            await ended.wait()
        raise ConnectionError("the connection was lost")
