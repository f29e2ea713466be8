"""The application's Alembic environment, on an async engine. The framework's tables are a revision of its history."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from examples.meetings.domain import Base
from uow_events import metadata


def run_on(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=[Base.metadata, metadata], include_schemas=True)
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    url = make_url(os.environ["UOW_EVENTS_DATABASE_URL"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(run_on)


given = context.config.attributes.get("connection")
if given is not None:
    run_on(given)
else:
    asyncio.run(connect_and_run())
