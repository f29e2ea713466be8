"""The driver's own connection, for statements that need its protocol rather than SQLAlchemy's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError)
"""What a statement on such a connection, or taking one, may raise."""


@asynccontextmanager
async def driver_connection(engine: AsyncEngine, *, detached: bool = False) -> AsyncGenerator[Any]:
    """Take a connection from the pool, outside of any transaction; after an exception it is closed, not given back.

    With `detached` it is made as the pool makes one, and is no part of it: it takes no other's place, and is closed.
    """
    connection = await engine.connect()
    try:
        driver = (await connection.get_raw_connection()).driver_connection
        if detached:
            await connection.run_sync(lambda given: given.detach())
        yield driver
    except BaseException:
        await connection.invalidate()
        raise
    finally:
        await connection.close()
