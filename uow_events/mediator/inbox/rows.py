"""The rows of consumed_messages: one for each message that a consumer has consumed, or failed to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from uow_events.errors import ConsumptionInProgressError, SchemaNotMigratedError, UnsupportedBindError
from uow_events.outbox import tables
from uow_events.outbox.writing import says_not_migrated

WAITED_IN_VAIN = frozenset({"55P03", "57014"})  # the lock timeout was over, or a shorter statement timeout

# As for idempotency keys, a lock timeout of 10 seconds stands in where none is set, for this statement alone.
_CLAIM = """
WITH waiting AS MATERIALIZED (
    SELECT value, set_config('lock_timeout', CASE value WHEN '0' THEN '10s' ELSE value END, true)
    FROM current_setting('lock_timeout') AS value
), claimed AS (
    INSERT INTO {consumed_messages} AS m (consumer, source, message_id, consumed_at)
    SELECT $1::text, $2::text, $3::text, clock_timestamp() FROM waiting
    ON CONFLICT (consumer, source, message_id) DO UPDATE SET consumed_at = clock_timestamp()
    WHERE m.consumed_at IS NULL
    AND NOT EXISTS (SELECT FROM {dead_letters} d WHERE d.id = m.dead_letter_id)
    RETURNING 1
)
SELECT claimed, set_config('lock_timeout', value, true)
FROM waiting CROSS JOIN (SELECT count(*) AS claimed FROM claimed) AS outcome
"""


class AlreadyConsumed(Exception):
    """Leaves an attempt whose message has been consumed, or is a dead letter: there is nothing to do."""


class ConsumedRow:
    """The row of one (consumer, source, message id)."""

    def __init__(self, schema: str | None, consumer: str, source: str, message_id: str) -> None:
        self._schema = schema
        self._id = (consumer, source, message_id)

    async def claim(self, session: AsyncSession) -> None:
        """Say that the message is consumed, as the first statement of the transaction which that is true for.

        Waits for a transaction that has said so and not ended, up to the lock timeout; 10 seconds where none is set.

        Raises:
            AlreadyConsumed: it was consumed before, or is among the dead letters.
            ConsumptionInProgressError: the other transaction did not end in time.
            SchemaNotMigratedError: the table is not there.
        """
        try:
            claimed = await session.run_sync(lambda inner: self._claim(inner.connection()))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in WAITED_IN_VAIN:
                raise ConsumptionInProgressError(self._id[0], self._id[2]) from error
            raise
        if not claimed:
            raise AlreadyConsumed

    def _claim(self, connection: Connection) -> bool:
        claimed: int = run_on_messages(connection, _CLAIM, self._schema, self._id).one().claimed
        return claimed == 1


def run_on_messages(connection: Connection, statement: str, schema: str | None, parameters: tuple[Any, ...]) -> Any:
    """Run a statement, in whose text {consumed_messages} and {dead_letters} stand for the tables' quoted names.

    Raises:
        SchemaNotMigratedError: a table, or a column of it, is not there.
        UnsupportedBindError: the driver is not asyncpg.
        DBAPIError: what else the database refused, without the parameters.
    """
    if connection.dialect.driver != "asyncpg":
        raise UnsupportedBindError(connection.engine, "consuming needs PostgreSQL and asyncpg")
    try:
        return connection.exec_driver_sql(with_tables(statement, schema), parameters)
    except DBAPIError as error:
        error.hide_parameters = True  # they hold payloads
        if says_not_migrated(error):
            raise SchemaNotMigratedError(tables(schema).consumed_messages.fullname) from error
        raise


def with_tables(statement: str, schema: str | None) -> str:
    """Return a statement with the quoted names of the tables in it."""
    own = tables(schema)
    preparer = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
    named = {table.name: preparer.format_table(table) for table in (own.consumed_messages, own.dead_letters)}
    return statement.format(**named)
