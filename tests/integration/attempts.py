"""A command with transaction options, the units of work of its attempts, and a clock to put forward."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.messages import Do
from uow_events import Mediator, Outbox, Registry, TransactionOptions, UnitOfWork

Body = Callable[[UnitOfWork], Awaitable[Any]]


class Commands:
    """Runs a body as the handler of the command Do; `units` are those of its attempts."""

    def __init__(self, engine: AsyncEngine, **options: Any) -> None:
        self.engine = engine
        self.registry = Registry()
        self.options = TransactionOptions(**options)
        self.units: list[UnitOfWork] = []
        self._body: Body
        self._mediator: Mediator | None = None

        @self.registry.command_handler
        async def handle(command: Do, unit: UnitOfWork) -> object:
            self.units.append(unit)
            return await self._body(unit)

    async def run(self, body: Body) -> Any:
        self._body = body
        if self._mediator is None:
            self._mediator = Mediator(
                self.engine,
                self.registry,
                notifications=Outbox(),
                transaction=self.options,
                commit_timeout=timedelta(days=1),
            )
        return await self._mediator.send(Do())


class Clock:
    """The event loop's clock, which a test can put forward."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ahead = 0.0
        now = loop.time
        loop.time = lambda: now() + self.ahead  # type: ignore[method-assign]

    async def forward(self, by: timedelta) -> None:
        """Let time pass, and whatever is due by then begin."""
        self.ahead += by.total_seconds()
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def clock() -> AsyncIterator[Clock]:
    loop = asyncio.get_running_loop()
    yield Clock(loop)
    del loop.time  # type: ignore[method-assign]
