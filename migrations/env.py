"""The repository's Alembic environment, on an async engine; its revisions call uow_events.migrations as a user's do."""

import asyncio
import os
from logging.config import fileConfig

from alembic import context
from sqlalchemy import URL, Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from uow_events.outbox.tables import metadata


def database_url() -> URL:
    given = context.get_x_argument(as_dictionary=True).get("url")
    default = context.config.get_main_option("sqlalchemy.url")
    url = given or os.environ.get("UOW_EVENTS_DATABASE_URL") or default or ""
    return make_url(url).set(drivername="postgresql+asyncpg")


def run_offline() -> None:
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_online() -> None:
    engine = create_async_engine(database_url(), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(run_on)
    finally:
        await engine.dispose()


def run_on(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, include_schemas=True, compare_server_default=True
    )
    with context.begin_transaction():
        context.run_migrations()


if context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)

if context.is_offline_mode():
    run_offline()
else:
    asyncio.run(run_online())
