"""One send of one command under an idempotency key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from uow_events.errors import IdempotencyConflictError, IdempotencyInProgressError
from uow_events.mediator.idempotency.key_rows import KeyRow, KeyRows
from uow_events.mediator.idempotency.request import command_name, request_hash
from uow_events.mediator.idempotency.response import codec_of
from uow_events.messages import IdempotencyKey
from uow_events.outbox.tables import DEFAULT_SCHEMA
from uow_events.unit_of_work.commit_outcome import Outcome
from uow_events.unit_of_work.ending import write_last

SERIALIZATION_FAILURE = "40001"
WAITED_IN_VAIN = frozenset({"55P03", "57014"})  # the lock timeout was over, or a shorter statement timeout


class AlreadyClaimed(Exception):
    """Leaves an attempt whose key another transaction has: there is a response to return, and nothing to run."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A response that was stored under a key; it may be None."""

    response: Any


class IdempotencyGuard:
    """Makes a command run at most once per scope, command type and key.

    Everything but stored() and outcome() happens in the command's own transaction, so that a command that fails stores
    nothing and may run again. Made before a connection is taken.

    Raises:
        InvalidArgumentError: the key is not valid.
        IdempotencyRequestError: the command cannot be told from others by its content.
        IdempotencyResponseError: the type of its response cannot be restored.
    """

    def __init__(self, key: str | IdempotencyKey, command: object, *, schema: str | None = DEFAULT_SCHEMA) -> None:
        self.key = IdempotencyKey.of(key)
        kind: Any = type(command)
        self._command: type = kind
        self._codec = codec_of(kind)
        self._hash = request_hash(command)
        self._rows = KeyRows(schema, self.key.scope, command_name(self._command), self.key.key)
        self._writer: str | None = None

    async def claim(self, session: AsyncSession) -> None:
        """Take the key, as the first statement of the transaction; wait for a twin that runs, up to the lock timeout.

        Raises:
            AlreadyClaimed: a twin has committed; roll back, and look with stored().
            IdempotencyInProgressError: the twin did not end in time.
            SchemaNotMigratedError: the table is not there.
        """
        try:
            claimed = await self._insert(session)
        except DBAPIError as error:
            if _sqlstate(error) == SERIALIZATION_FAILURE:  # what a snapshot shows in place of the twin's row
                raise AlreadyClaimed from error
            raise
        if not claimed:
            raise AlreadyClaimed

    async def claim_joined(self, session: AsyncSession) -> Stored | None:
        """Take the key in a transaction that is running already, or return the response that is stored under it.

        Raises:
            IdempotencyConflictError: the key belongs to a command with other content.
            IdempotencyInProgressError: the twin did not end in time, or runs in this transaction, around this send.
            SchemaNotMigratedError: the table is not there.
            DBAPIError: among others 40001, where the transaction's snapshot is older than the twin's row.
        """
        while not await self._insert(session):
            row = await session.run_sync(lambda inner: self._rows.read(inner.connection()))
            if row is not None:
                return self._restored(row)
        return None

    async def keep(self, session: AsyncSession, response: object) -> None:
        """Store the handler's response in the transaction that claimed the key.

        Raises:
            IdempotencyResponseError: it is not what the command promises, or cannot be restored.
            TransactionAbortedError: the handler swallowed an error that the transaction does not survive.
        """
        encoded = self._codec.encode(response)

        def save(inner: Any) -> None:
            self._writer = self._rows.save(inner.connection(), self._hash, encoded)

        await session.run_sync(write_last, save)

    async def stored(self, engine: AsyncEngine) -> Stored | None:
        """Return the response that is stored under the key, seen by a fresh READ COMMITTED transaction.

        Raises:
            IdempotencyConflictError: the key belongs to a command with other content.
            IdempotencyResponseError: the type of the response has changed since.
        """
        async with engine.execution_options(isolation_level="READ COMMITTED").connect() as connection:
            row = await connection.run_sync(self._rows.read)
        return None if row is None else self._restored(row)

    async def outcome(self, connection: AsyncConnection) -> Outcome:
        """Tell whether the transaction that kept a response here has committed, by taking the key once more."""
        return await connection.run_sync(self._outcome)

    def in_progress(self) -> IdempotencyInProgressError:
        """Return the error that says that a twin runs."""
        return IdempotencyInProgressError(self._command, self.key.key, self.key.scope)

    def _outcome(self, connection: Connection) -> Outcome:
        try:
            inserted = self._rows.insert(connection, self._hash)
        except DBAPIError as error:
            if _sqlstate(error) in WAITED_IN_VAIN:
                return "in progress"
            raise
        if inserted:
            return "aborted"
        row = self._rows.read(connection)
        if row is None:
            return "in progress"
        return "committed" if row.writer == self._writer else "aborted"  # or a twin's, that waited for the abort

    async def _insert(self, session: AsyncSession) -> bool:
        try:
            return await session.run_sync(lambda inner: self._rows.insert(inner.connection(), self._hash))
        except DBAPIError as error:
            if _sqlstate(error) in WAITED_IN_VAIN:
                raise self.in_progress() from error
            raise

    def _restored(self, row: KeyRow) -> Stored:
        if row.request_hash != self._hash:
            raise IdempotencyConflictError(self._command, self.key.key, self.key.scope)
        if row.response is None:
            raise self.in_progress()
        return Stored(self._codec.decode(row.response))


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
