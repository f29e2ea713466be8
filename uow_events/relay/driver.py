"""The driver's own connection, for statements that need its protocol rather than SQLAlchemy's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine


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
