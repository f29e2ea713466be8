"""The driver's own connection, for statements that need its protocol rather than SQLAlchemy's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

DATABASE_ERRORS = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    SQLAlchemyError,
)
"""What a statement on such a connection, or taking one, may raise; the last but one, where the server has ended it."""


@asynccontextmanager
async def driver_connection(engine: AsyncEngine) -> AsyncGenerator[Any]:
    """Take a connection from the pool, outside of any transaction; after an exception it is closed, not given back."""
    connection = await engine.connect()
    try:
        yield (await connection.get_raw_connection()).driver_connection
    except BaseException:
        await connection.invalidate()
        raise
    finally:
        await connection.close()


@asynccontextmanager
async def own_connection(engine: AsyncEngine) -> AsyncGenerator[Any]:
    """Make a connection as the engine's pool makes one, without taking a place in it; it is closed at the end."""
    connection = await engine.connect()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    try:
        await connection.run_sync(lambda given: given.detach())
        yield driver
    finally:
        driver.terminate()
        await connection.close()
