"""A mediator whose handlers are given by each test, and a look at what was stored."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.messages import Do, Inner
from tests.models import Note
from tests.postgres.admin import assert_pool_clean
from uow_events import Mediator, Outbox, Registry, UnitOfWork

Body = Callable[[UnitOfWork], Awaitable[object]]


class App:
    """A mediator on a test's own database; `handle` says what the handler of Do (or Inner) does."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.registry = Registry()
        self.bodies: dict[type, Body] = {}
        self.options: dict[str, Any] = {"notifications": Outbox()}
        self._mediator: Mediator | None = None
        self.registry.command_handler(Do)(self._do)
        self.registry.command_handler(Inner)(self._inner)

    async def _do(self, command: Do, unit: UnitOfWork) -> object:
        return await self.bodies[Do](unit)

    async def _inner(self, command: Inner, unit: UnitOfWork) -> object:
        return await self.bodies[Inner](unit)

    @property
    def mediator(self) -> Mediator:
        if self._mediator is None:
            self._mediator = Mediator(self.engine, self.registry, **self.options)
        return self._mediator

    async def run(self, body: Body) -> object:
        """Send a command whose handler is `body`."""
        self.bodies[Do] = body
        return await self.mediator.send(Do())

    async def notes(self) -> list[str]:
        """What is stored, seen from another transaction."""
        async with self.engine.connect() as connection:
            return list((await connection.scalars(select(Note.text).order_by(Note.id))).all())

    async def outbox(self) -> list[str]:
        async with self.engine.connect() as connection:
            rows = await connection.scalars(text("SELECT key FROM uow_events.outbox ORDER BY id"))
            return list(rows.all())

    async def assert_nothing_stored(self) -> None:
        assert await self.notes() == []
        assert await self.outbox() == []
        await assert_pool_clean(self.engine)


@pytest.fixture(params=["cold", "warm"])
async def app(engine: AsyncEngine, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    """On a cold pool the first statement opens the connection; on a warm one it is there already."""
    if request.param == "warm":
        connections = [await engine.connect() for _ in range(3)]
        for connection in connections:
            await connection.close()
    app = App(engine)
    yield app
    await assert_pool_clean(engine)
