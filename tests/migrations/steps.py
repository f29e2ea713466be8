"""The migrations applied to a database, as a revision applies them."""

from collections.abc import Callable

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


async def on(url: URL, work: Callable[[Connection], object]) -> object:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        return await connection.run_sync(work)


def operations(connection: Connection) -> Operations:
    return Operations(MigrationContext.configure(connection))
