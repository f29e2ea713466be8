"""Forgets keys that no caller will repeat any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from uow_events.errors import InvalidArgumentError
from uow_events.mediator.idempotency.key_rows import run_on_keys
from uow_events.outbox.tables import DEFAULT_SCHEMA

BATCH = 5_000
LONGEST = timedelta(days=36_500)

_COUNT = "SELECT count(*) FROM {table} WHERE created_at < statement_timestamp() - $1::interval"
_DELETE = """
DELETE FROM {table} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {table} WHERE created_at < statement_timestamp() - $1::interval
    ORDER BY created_at LIMIT $2::int FOR UPDATE SKIP LOCKED
))
"""


async def purge_idempotency_keys(
    bind: AsyncEngine | AsyncConnection, *, older_than: timedelta, schema: str | None = DEFAULT_SCHEMA
) -> int:
    """Delete the keys that were stored longer ago than `older_than`, and return how many they were.

    In batches of 5,000, each in a transaction of its own where `bind` is an engine; in the transaction of a connection,
    which is left to its owner to commit. Several may run at once. A command whose key was deleted runs anew when it is
    sent again: keep keys for longer than any caller repeats a request.

    Raises:
        InvalidArgumentError: `older_than` is no positive timedelta of at most 36,500 days.
        SchemaNotMigratedError: the table is not there.
    """
    check_age(older_than)
    deleted = 0
    while True:
        batch = await _purge_batch(bind, older_than, schema)
        deleted += batch
        if batch < BATCH:
            return deleted


async def purge_batch(connection: AsyncConnection, older_than: timedelta, schema: str | None) -> int:
    """Delete the oldest of the keys that are older than that, at most 5,000, and return their number.

    Raises:
        SchemaNotMigratedError: the table is not there.
    """

    def delete(inner: Any) -> int:
        number: int = run_on_keys(inner, _DELETE, schema, (older_than, BATCH)).rowcount
        return number

    return await connection.run_sync(delete)


async def count_expired(connection: AsyncConnection, older_than: timedelta, schema: str | None) -> int:
    """Return how many keys are older than that.

    Raises:
        SchemaNotMigratedError: the table is not there.
    """

    def count(inner: Any) -> int:
        number: int = run_on_keys(inner, _COUNT, schema, (older_than,)).scalar_one()
        return number

    return await connection.run_sync(count)


def check_age(older_than: timedelta, argument: str = "older_than") -> None:
    """Make sure that an age is one, and can be subtracted from today.

    Raises:
        InvalidArgumentError: it is not.
    """
    if not isinstance(older_than, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(argument, f"a timedelta, and is a {type(older_than).__name__}")
    if not timedelta(0) < older_than <= LONGEST:
        raise InvalidArgumentError(argument, f"more than 0 and at most {LONGEST.days} days, and is {older_than}")


async def _purge_batch(bind: AsyncEngine | AsyncConnection, older_than: timedelta, schema: str | None) -> int:
    if isinstance(bind, AsyncConnection):
        return await purge_batch(bind, older_than, schema)
    async with bind.execution_options(isolation_level="READ COMMITTED").begin() as connection:
        return await purge_batch(connection, older_than, schema)
