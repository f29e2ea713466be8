"""A database with the example's own migrations, and the example's mediator on it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from examples.meetings.application import build_mediator
from examples.meetings.demo.database import migrate
from uow_events import Mediator


@pytest.fixture
async def meetings_engine(empty_database_url: URL) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(empty_database_url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
        yield engine
    finally:
        await engine.dispose()


@pytest.fixture
def mediator(meetings_engine: AsyncEngine) -> Mediator:
    return build_mediator(meetings_engine)
