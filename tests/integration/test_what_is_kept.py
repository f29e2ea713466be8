"""What is made once per engine goes with it: nothing outlives the mediator of a test, or of a tenant."""

import gc
from collections.abc import Callable
from typing import Any
from weakref import ref

import pytest
from sqlalchemy import URL, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from uow_events import Mediator, Registry, UnitOfWork


@pytest.mark.parametrize("bind", [AsyncEngine, async_sessionmaker])
async def test_an_engine_goes_when_nobody_else_holds_it(database_url: URL, bind: Callable[[Any], Any]) -> None:
    async def use() -> ref[Any]:
        engine = create_async_engine(database_url)
        given = engine if bind is AsyncEngine else bind(engine)
        for _ in range(2):
            async with UnitOfWork(given) as unit:
                assert await unit.session.scalar(select(1)) == 1
        async with Mediator(given, Registry()).unit_of_work() as unit:
            assert await unit.session.scalar(select(1)) == 1
        await engine.dispose()
        return ref(engine.sync_engine)

    engine = await use()
    gc.collect()
    assert engine() is None
