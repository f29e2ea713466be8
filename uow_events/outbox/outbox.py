"""Notification events as rows, written by the transaction that recorded them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.brokers import BrokerMessage
from uow_events.errors import OutboxTooLargeError
from uow_events.messages import MessageContext, Record, TransactionMark, check_header
from uow_events.outbox.envelope import DEFAULT_MAX_MESSAGE_SIZE, size_of, to_message
from uow_events.outbox.tables import DEFAULT_SCHEMA
from uow_events.outbox.waking import Waker
from uow_events.outbox.writing import RowWriter

MAX_STATEMENT_SIZE = 64 * 2**20


class Outbox:
    """The notification channel that loses nothing: what leaves is a row, until a relay has delivered it.

    All rows of a unit of work are written in one statement, its last one, so that a notification leaves if and only if
    the transaction commits. `schema` is where the tables were migrated to (None on SQLite), `source` the CloudEvents
    source of this service, `max_message_size` the limit of one payload in bytes.
    """

    def __init__(
        self,
        *,
        schema: str | None = DEFAULT_SCHEMA,
        source: str = "uow_events",
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
    ) -> None:
        self.schema = schema
        check_header("source", source)
        self.source = source
        self.max_message_size = max_message_size
        self._writer = RowWriter(schema)
        self._listeners: list[Callable[[], object]] = []

    def open(self, context: MessageContext) -> OutboxBatch:
        """Return the channel of one unit of work."""
        return OutboxBatch(self, self._writer, context)

    def serving(self, engine: AsyncEngine) -> Waker:
        """Return what wakes relays of other processes after commits, for the length of its block."""
        return Waker(self, engine)

    def add_listener(self, listener: Callable[[], object]) -> None:
        """Call something after each commit that wrote rows, in the task that committed: it must not block or fail."""
        self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], object]) -> None:
        """Call it no more."""
        self._listeners.remove(listener)

    def committed(self) -> None:
        """Tell the listeners that rows were committed."""
        for listener in self._listeners:
            listener()


class OutboxBatch:
    """What one unit of work sends out."""

    def __init__(self, outbox: Outbox, writer: RowWriter, context: MessageContext) -> None:
        self._outbox = outbox
        self._writer = writer
        self._context = context
        self._taken: list[tuple[Record, BrokerMessage]] = []
        self._has_written = False

    async def publish(self, record: Record) -> None:
        """Encode a notification event and keep it for the last write.

        Raises:
            NotificationError: it cannot be encoded, is too large, or its topic or key is not valid.
        """
        outbox = self._outbox
        self._taken.append((record, to_message(record, self._context, outbox.source, outbox.max_message_size)))

    def write(self, session: Any) -> TransactionMark | None:
        """Write all rows in one statement, less those whose savepoint rolled back; return what tells the transaction.

        Raises:
            OutboxTooLargeError: they exceed 64 MiB.
            SchemaNotMigratedError: the table is not there.
        """
        rows = [(message, record.available_at) for record, message in self._taken if not record.is_undone]
        size = sum(size_of(message) for message, _ in rows)
        if size > MAX_STATEMENT_SIZE:
            raise OutboxTooLargeError(size, MAX_STATEMENT_SIZE, sorted({message.type for message, _ in rows}))
        self._has_written = bool(rows)
        return self._writer.write(session, rows) if rows else None

    def committed(self) -> None:
        """Wake relays, where there is something for them."""
        if self._has_written:
            self._outbox.committed()
