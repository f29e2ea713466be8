"""Forgets messages that no broker will deliver any more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.mediator.idempotency.purging import BATCH, check_age
from uow_events.mediator.inbox.rows import run_on_messages
from uow_events.outbox.tables import DEFAULT_SCHEMA

_DELETE = """
DELETE FROM {consumed_messages} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {consumed_messages} WHERE received_at < statement_timestamp() - $1::interval
    ORDER BY received_at LIMIT $2::int FOR UPDATE SKIP LOCKED
))
"""


async def purge_consumed_messages(
    engine: AsyncEngine, *, older_than: timedelta, schema: str | None = DEFAULT_SCHEMA
) -> int:
    """Delete what is remembered of messages first received longer ago than `older_than`; return how many they were.

    In batches of 5,000, each in a transaction of its own. Several may run at once. A message that is delivered once
    more after that is consumed once more: keep them for longer than any broker, dead letter or replay keeps messages.

    Raises:
        InvalidArgumentError: `older_than` is no positive timedelta of at most 36,500 days.
        SchemaNotMigratedError: the table is not there.
    """
    check_age(older_than)

    def delete(connection: Connection) -> int:
        number: int = run_on_messages(connection, _DELETE, schema, (older_than, BATCH)).rowcount
        return number

    deleted = 0
    while True:
        async with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
            batch = await connection.run_sync(delete)
        deleted += batch
        if batch < BATCH:
            return deleted
