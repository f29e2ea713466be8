"""Where the demo runs: a PostgreSQL of its own, or the one that UOW_EVENTS_DATABASE_URL names."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from asyncpg import PostgresError  # type: ignore[import-untyped]
from sqlalchemy import URL, Connection, func, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from examples.meetings.domain import Meeting
from uow_events import tables
from uow_events.embedded import EmbeddedPostgres

VARIABLE = "UOW_EVENTS_DATABASE_URL"
ALEMBIC = Path(__file__).parents[1] / "alembic.ini"


class DemoError(Exception):
    """The demo cannot run; the text is all that its user needs."""


@asynccontextmanager
async def demo_database(environment: Mapping[str, str]) -> AsyncGenerator[AsyncEngine]:
    """Give an engine on a migrated database that holds no meetings yet.

    Raises:
        DemoError: the variable names none that can be used.
    """
    async with AsyncExitStack() as stack:
        dsn = environment.get(VARIABLE)
        url = read_dsn(dsn) if dsn else (await stack.enter_async_context(EmbeddedPostgres())).url
        engine = create_async_engine(url)
        stack.push_async_callback(engine.dispose)
        try:
            await prepare(engine)
        except (OSError, PostgresError, SQLAlchemyError) as error:
            shown = url.render_as_string(hide_password=True)
            raise DemoError(f"The database {shown} could not be prepared: {reason(error)}") from error
        yield engine


def read_dsn(dsn: str) -> URL:
    try:
        return make_url(dsn).set(drivername="postgresql+asyncpg")
    except (ArgumentError, ValueError):
        raise DemoError(f"{VARIABLE} is not a URL such as postgresql://user:password@host:5432/database") from None


async def prepare(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
        used = await connection.scalar(select(func.count()).select_from(Meeting)) or 0
        used += await connection.scalar(select(func.count()).select_from(tables().outbox)) or 0
    if used:
        raise DemoError(f"The database of {VARIABLE} holds meetings or outbox rows already: name an empty one")


def migrate(connection: Connection) -> None:
    """Run the application's own Alembic history, in which uow_events' tables are one revision."""
    config = Config(ALEMBIC)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def reason(error: BaseException) -> str:
    """Return the first line of what the driver said, without the SQL and the parameters around it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return next(iter(str(error).splitlines()), type(error).__name__)
