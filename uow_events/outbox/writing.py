"""Writes messages into the outbox table: one statement, one round trip, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from uow_events.brokers import BrokerMessage
from uow_events.errors import SchemaNotMigratedError
from uow_events.messages import AvailableAt, TransactionMark
from uow_events.messages.transaction_mark import SERVER_RUN
from uow_events.outbox.shard import shard_of
from uow_events.outbox.tables import tables

NOT_MIGRATED = frozenset({"42P01", "3F000", "42703"})

_COLUMNS = ("event_id", "topic", "key", "shard", "type", "payload", "headers", "occurred_at")

# One array per column makes the statement the same for any number of rows. As text it is also out of reach of
# schema_translate_map: tenants share one outbox.
_INSERT = """
WITH written AS (
INSERT INTO {table} (event_id, topic, key, shard, type, payload, headers, occurred_at, held, available_at)
SELECT event_id, topic, key, shard, type, payload, headers::jsonb, occurred_at,
       CASE WHEN due_at IS NOT NULL OR due_in IS NOT NULL THEN 'time' END,
       coalesce(due_at, clock_timestamp() + coalesce(due_in, '0'))
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::bytea[], $7::text[], $8::timestamptz[],
            $9::timestamptz[], $10::interval[])
WITH ORDINALITY AS new (event_id, topic, key, shard, type, payload, headers, occurred_at, due_at, due_in, position)
ORDER BY position)
SELECT pg_current_xact_id()::text, {server_run}
"""


class RowWriter:
    """Inserts into the outbox table of one schema."""

    def __init__(self, schema: str | None) -> None:
        self._table = tables(schema).outbox
        self._name = self._table.fullname

    def write(
        self, session: Session, messages: Sequence[tuple[BrokerMessage, AvailableAt | None]]
    ) -> TransactionMark | None:
        """Insert rows in the given order, so that their ids rise in it; return what the transaction is known by.

        Beside a message stands when it may be delivered; the database's clock is the one that counts a wait.

        Raises:
            SchemaNotMigratedError: the table, or a column of it, is not there.
        """
        connection = session.connection()
        rows = [_row(*message) for message in messages]
        try:
            if connection.dialect.driver == "asyncpg":
                quoted = connection.dialect.identifier_preparer.format_table(self._table)
                columns = tuple(list(column) for column in zip(*rows, strict=True))
                statement = _INSERT.format(table=quoted, server_run=SERVER_RUN)
                return TransactionMark(*connection.exec_driver_sql(statement, columns).one())
            self._insert_each(connection, rows)
        except DBAPIError as error:
            error.hide_parameters = True  # they hold payloads
            if says_not_migrated(error):
                raise SchemaNotMigratedError(self._name) from error
            raise
        return None

    def _insert_each(self, connection: Any, rows: list[tuple[Any, ...]]) -> None:
        names = (*_COLUMNS, "due_at", "due_in")
        given: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
        for row in given:
            due_at, due_in = row.pop("due_at"), row.pop("due_in")
            row["headers"] = msgspec.json.decode(row["headers"])
            row["available_at"] = due_at or datetime.now(UTC) + (due_in or timedelta(0))
            row["held"] = "time" if due_at or due_in else None
        connection.execute(insert(self._table), given, execution_options={"schema_translate_map": None})


def _row(message: BrokerMessage, available_at: AvailableAt | None) -> tuple[Any, ...]:
    return (
        message.id,
        message.topic,
        message.key,
        shard_of(message.key if message.key is not None else str(message.id)),
        message.type,
        message.payload,
        msgspec.json.encode(message.headers).decode(),
        message.occurred_at,
        available_at if isinstance(available_at, datetime) else None,
        available_at if isinstance(available_at, timedelta) else None,
    )


def says_not_migrated(error: DBAPIError) -> bool:
    """Whether the database refused a statement because a table, or a column of it, is not there."""
    return getattr(error.orig, "sqlstate", None) in NOT_MIGRATED or "no such table" in str(error.orig)
