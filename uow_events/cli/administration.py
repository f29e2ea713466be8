"""Runs what a command does to an outbox, on the database that a DSN names."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from uow_events.cli.database import Database, reason
from uow_events.errors import DatabaseRefusedError, UowEventsError
from uow_events.operations import OutboxAdmin
from uow_events.outbox import DATABASE_ERRORS

T = TypeVar("T")


def administer(dsn: str, schema: str, work: Callable[[OutboxAdmin], Awaitable[T]]) -> T:
    """Run `work` with the outbox of a schema, and return what it returns.

    Raises:
        InvalidDsnError: the DSN is no PostgreSQL URL.
        DatabaseUnavailableError: there is no connection to be had.
        DatabaseRefusedError: the database refused a statement, or the connection was lost.
    """
    database = Database.from_dsn(dsn)

    async def run() -> T:
        async with database.engine() as engine:
            return await work(OutboxAdmin(engine, schema=schema))

    try:
        return asyncio.run(run())
    except UowEventsError:
        raise
    except DATABASE_ERRORS as error:
        raise DatabaseRefusedError(str(database), reason(error)) from error


def place(dsn: str, schema: str) -> str:
    """Return what a command calls the place that it worked on."""
    return f"schema {schema!r} of {Database.from_dsn(dsn)}"
