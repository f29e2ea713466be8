"""The rows of idempotency_keys: one for each command that was sent with a key, and committed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from uow_events.errors import SchemaNotMigratedError, UnsupportedBindError
from uow_events.outbox import tables
from uow_events.outbox.writing import says_not_migrated

# The lock timeout is set, used and reset by one statement, in this order since each part reads what the one before it
# returned. As text, all of these are out of reach of schema_translate_map: tenants share one table.
_INSERT = """
WITH waiting AS MATERIALIZED (
    SELECT value, set_config('lock_timeout', CASE value WHEN '0' THEN '10s' ELSE value END, true)
    FROM current_setting('lock_timeout') AS value
), claimed AS (
    INSERT INTO {table} (scope, command, key, request_hash)
    SELECT $1::text, $2::text, $3::text, $4::bytea FROM waiting
    ON CONFLICT DO NOTHING RETURNING 1
)
SELECT inserted, set_config('lock_timeout', value, true)
FROM waiting CROSS JOIN (SELECT count(*) AS inserted FROM claimed) AS outcome
"""
# Under SERIALIZABLE an UPDATE would read a page of the index, and so conflict with the other keys on it.
_SAVE = """
INSERT INTO {table} AS claimed (scope, command, key, request_hash) VALUES ($1, $2, $3, $4)
ON CONFLICT (scope, command, key) DO UPDATE SET response = $5 WHERE claimed.response IS NULL
RETURNING claimed.xmin::text
"""
_SELECT = """
SELECT request_hash, response, xmin::text AS writer FROM {table} WHERE scope = $1 AND command = $2 AND key = $3
"""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A row as it is stored; `writer` is the (sub)transaction that wrote this version of it."""

    request_hash: bytes
    response: bytes | None
    writer: str


class KeyRows:
    """The row of one (scope, command, key); each method is one statement, in the transaction of the connection.

    Each raises SchemaNotMigratedError where the table is not there, UnsupportedBindError on any other driver than
    asyncpg, and the errors of the database as they are, without the statement's parameters.
    """

    def __init__(self, schema: str | None, scope: str, command: str, key: str) -> None:
        self._schema = schema
        self._id = (scope, command, key)

    def insert(self, connection: Connection, request_hash: bytes) -> bool:
        """Insert the row; tell whether that was done, or it was there already.

        Waits for a transaction that has inserted it and not ended, at most the lock timeout; 10 seconds where none is
        set (by the transaction's options, the role or the server).
        """
        inserted: int = self._run(connection, _INSERT, request_hash).one().inserted
        return inserted == 1

    def save(self, connection: Connection, request_hash: bytes, response: bytes) -> str:
        """Complete the row that this transaction inserted, once; return who wrote it, as in KeyRow.writer."""
        writer: str = self._run(connection, _SAVE, request_hash, response).scalar_one()
        return writer

    def read(self, connection: Connection) -> KeyRow | None:
        """Return the row, if the transaction sees one."""
        found = self._run(connection, _SELECT).one_or_none()
        return None if found is None else KeyRow(found.request_hash, found.response, found.writer)

    def _run(self, connection: Connection, statement: str, *more: object) -> Any:
        return run_on_keys(connection, statement, self._schema, (*self._id, *more))


def run_on_keys(connection: Connection, statement: str, schema: str | None, parameters: tuple[Any, ...]) -> Any:
    """Run a statement on the table, in whose text {table} stands for its quoted name.

    Raises:
        SchemaNotMigratedError: the table, or a column of it, is not there.
        UnsupportedBindError: the driver is not asyncpg.
        DBAPIError: what else the database refused, without the parameters.
    """
    if connection.dialect.driver != "asyncpg":
        raise UnsupportedBindError(connection.engine, "idempotency keys need PostgreSQL and asyncpg")
    table = tables(schema).idempotency_keys
    name = connection.dialect.identifier_preparer.format_table(table)
    try:
        return connection.exec_driver_sql(statement.format(table=name), parameters)
    except DBAPIError as error:
        error.hide_parameters = True  # they hold responses
        if says_not_migrated(error):
            raise SchemaNotMigratedError(table.fullname) from error
        raise
