"""Counts how often a message could not be consumed, and gives it up."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.mediator.inbox.rows import run_on_messages
from uow_events.messages import ReceivedMessage, failure_text
from uow_events.messages.text import MAX_NAME_LENGTH, why_not_name, why_not_text
from uow_events.outbox import shard_of
from uow_events.unit_of_work import hide_parameters

# One of these may run while another process consumes the message after all: whoever comes second waits, and sees it.
_COUNT = """
INSERT INTO {consumed_messages} AS m (consumer, source, message_id, attempts, last_error)
VALUES ($1::text, $2::text, $3::text, 1, $4::text)
ON CONFLICT (consumer, source, message_id) DO UPDATE
SET attempts = CASE WHEN m.dead_letter_id IS NULL THEN m.attempts + 1 ELSE 1 END,
    dead_letter_id = NULL, last_error = excluded.last_error
WHERE m.consumed_at IS NULL AND NOT EXISTS (SELECT FROM {dead_letters} d WHERE d.id = m.dead_letter_id)
RETURNING m.attempts
"""
_BURY = """
WITH dead AS (
    INSERT INTO {dead_letters}
        (consumer, event_id, topic, key, shard, type, payload, headers, occurred_at, attempts, last_error)
    VALUES ($1::text, $5::uuid, $6::text, $7::text, $8::smallint, $9::text, $10::bytea, $11::text::jsonb,
            $12::timestamptz, $13::int, $4::text)
    RETURNING id
)
UPDATE {consumed_messages} SET dead_letter_id = (SELECT id FROM dead)
WHERE consumer = $1::text AND source = $2::text AND message_id = $3::text
"""


class Inbox:
    """Remembers what one consumer could not consume; each call is a transaction of its own."""

    def __init__(self, engine: AsyncEngine, schema: str | None, consumer: str, max_attempts: int) -> None:
        self._engine = engine.execution_options(isolation_level="READ COMMITTED")
        self._schema = schema
        self._consumer = consumer
        self._max_attempts = max_attempts

    async def failed(self, message: ReceivedMessage, error: BaseException, *, is_final: bool = False) -> int | None:
        """Count a failed attempt, and return how many there were; None where nothing more is to be done.

        That is where it became a dead letter, since it was the last attempt or `is_final`, or was one already, or where
        it was consumed elsewhere meanwhile. Attempts are counted in the database, over restarts and redeliveries.

        Raises:
            SchemaNotMigratedError: a table is not there.
            DBAPIError, OSError: the database cannot be reached, or refuses.
        """
        hide_parameters(error)

        def fail(connection: Connection) -> int | None:
            row = (self._consumer, message.source, message.id, failure_text(error))
            attempts = run_on_messages(connection, _COUNT, self._schema, row).scalar_one_or_none()
            if attempts is None or (attempts < self._max_attempts and not is_final):
                return None if attempts is None else int(attempts)
            run_on_messages(connection, _BURY, self._schema, (*row, *_columns(message), attempts))
            return None

        async with self._engine.begin() as connection:
            return await connection.run_sync(fail)


def _columns(message: ReceivedMessage) -> tuple[Any, ...]:
    key = None if message.key is None or why_not_name(message.key) else message.key
    given = message.attributes.items()
    kept = {name: value for name, value in given if not (why_not_text(name) or why_not_text(value))}
    return (
        message.event_id,
        message.topic[:MAX_NAME_LENGTH],
        key,
        shard_of(key if key is not None else str(message.event_id)),
        message.type,
        message.payload,
        msgspec.json.encode(kept).decode(),
        message.occurred_at,
    )
