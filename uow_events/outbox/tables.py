"""The framework's tables: outbox and what holds it back, dead letters, idempotency keys, consumed messages, version.

Made on PostgreSQL by uow_events.migrations, which a test holds equal to these; on SQLite, for unit tests, by
`tables(schema=None).metadata.create_all`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

DEFAULT_SCHEMA: Final = "uow_events"

_BIGINT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite generates keys for INTEGER alone
_JSON: Final = postgresql.JSONB().with_variant(sa.JSON(), "sqlite")
_TIMESTAMP: Final = sa.DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Tables:
    """The framework's tables in one schema."""

    metadata: sa.MetaData
    outbox: sa.Table
    dead_letters: sa.Table
    blocked_keys: sa.Table
    paused_topics: sa.Table
    idempotency_keys: sa.Table
    consumed_messages: sa.Table
    version: sa.Table


def tables(schema: str | None = DEFAULT_SCHEMA) -> Tables:
    """Return the tables in `schema`: the same object for the same schema; None is for SQLite, which has no schemas."""
    return _build(schema)


@cache
def _build(schema: str | None) -> Tables:
    metadata = sa.MetaData(schema=schema)
    return Tables(
        metadata=metadata,
        outbox=_outbox(metadata),
        dead_letters=_dead_letters(metadata),
        blocked_keys=_blocked_keys(metadata),
        paused_topics=_paused_topics(metadata),
        idempotency_keys=_idempotency_keys(metadata),
        consumed_messages=_consumed_messages(metadata),
        version=_version(metadata),
    )


def _outbox(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "outbox",
        metadata,
        _id(),
        *_message_columns(),
        sa.Column("available_at", _TIMESTAMP, server_default=_Clock(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("held", sa.String(5)),  # what it waits for: its key, a time, its topic; ready where it is null
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.CheckConstraint("shard BETWEEN 0 AND 63", name="ck_outbox_shard"),
        sa.CheckConstraint("attempts >= 0", name="ck_outbox_attempts"),
        sa.CheckConstraint("held IN ('key', 'time', 'topic')", name="ck_outbox_held"),
        sa.Index("ix_outbox_claim", "shard", "id", postgresql_where=sa.text("held IS NULL")),
        sa.Index("ix_outbox_held_key", "shard", "key", "id", postgresql_where=sa.text("held = 'key'")),
        sa.Index("ix_outbox_held_time", "shard", "available_at", postgresql_where=sa.text("held = 'time'")),
        sa.Index("ix_outbox_held_topic", "topic", "id", postgresql_where=sa.text("held = 'topic'")),
    )


def _dead_letters(metadata: sa.MetaData) -> sa.Table:
    # Nothing but id is unique: a message that was replayed may die again, and its first death stays on record.
    return sa.Table(
        "dead_letters",
        metadata,
        _id(),
        sa.Column("outbox_id", sa.BigInteger()),  # null where a consumer gave a received message up
        *_message_columns(),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("failed_at", _TIMESTAMP, server_default=_Clock(), nullable=False),
        sa.Column("consumer", sa.String(255)),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
        sa.CheckConstraint("(outbox_id IS NULL) = (consumer IS NOT NULL)", name="ck_dead_letters_origin"),
        sa.CheckConstraint("shard BETWEEN 0 AND 63", name="ck_dead_letters_shard"),
        sa.CheckConstraint("attempts >= 0", name="ck_dead_letters_attempts"),
        sa.Index("ix_dead_letters_topic_failed_at", "topic", "failed_at"),
    )


def _blocked_keys(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "blocked_keys",
        metadata,
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("until", _TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("shard", "key", name="pk_blocked_keys"),
        sa.Index("ix_blocked_keys_until", "shard", "until"),
    )


def _paused_topics(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "paused_topics",
        metadata,
        sa.Column("topic", sa.String(255), nullable=False),
        sa.Column("paused_at", _TIMESTAMP, server_default=_Clock(), nullable=False),
        sa.PrimaryKeyConstraint("topic", name="pk_paused_topics"),
    )


def _idempotency_keys(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "idempotency_keys",
        metadata,
        sa.Column("scope", sa.String(255), server_default=sa.text("''"), nullable=False),
        sa.Column("command", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.LargeBinary()),
        sa.Column("created_at", _TIMESTAMP, server_default=_Clock(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "command", "key", name="pk_idempotency_keys"),
        sa.CheckConstraint("length(request_hash) = 32", name="ck_idempotency_keys_request_hash"),
        sa.Index("ix_idempotency_keys_created_at", "created_at"),
    )


def _consumed_messages(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "consumed_messages",
        metadata,
        sa.Column("consumer", sa.String(255), nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column("received_at", _TIMESTAMP, server_default=_Clock(), nullable=False),
        sa.Column("consumed_at", _TIMESTAMP),  # null while no attempt has committed
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("dead_letter_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("consumer", "source", "message_id", name="pk_consumed_messages"),
        sa.CheckConstraint("attempts >= 0", name="ck_consumed_messages_attempts"),
        sa.Index("ix_consumed_messages_received_at", "received_at"),
    )


def _version(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "uow_events_version",
        metadata,
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("applied_at", _TIMESTAMP, server_default=_Clock(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_uow_events_version"),
    )


def _id() -> sa.Column[int]:
    # ALWAYS, since the id is the order of delivery: only OVERRIDING SYSTEM VALUE, said on purpose, may choose one.
    return sa.Column("id", _BIGINT, sa.Identity(always=True), nullable=False)


def _message_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255)),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.String(255), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("headers", _JSON, nullable=False),
        sa.Column("occurred_at", _TIMESTAMP, nullable=False),
    ]


class _Clock(FunctionElement[Any]):
    """The time now, not the transaction's start, which may lie long before the row is written."""

    inherit_cache = True


@compiles(_Clock)
def _clock(element: _Clock, compiler: sa.sql.compiler.SQLCompiler, **kw: Any) -> str:
    return "clock_timestamp()"


@compiles(_Clock, "sqlite")
def _sqlite_clock(element: _Clock, compiler: sa.sql.compiler.SQLCompiler, **kw: Any) -> str:
    return "CURRENT_TIMESTAMP"


metadata: Final = tables().metadata
"""The metadata of the tables in the default schema, for `target_metadata` of an Alembic environment."""
