"""Version 1: outbox, dead letters, idempotency keys. Frozen: later changes are versions of their own."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from uow_events.migrations.operations import MigrationOperations

# A role that may not create schemas can migrate into one that exists; CREATE SCHEMA IF NOT EXISTS refuses it even then.
_CREATE_SCHEMA = """\
DO $uow_events$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {literal}) THEN
        CREATE SCHEMA {identifier};
    END IF;
END $uow_events$"""


def upgrade(op: MigrationOperations, schema: str) -> None:
    """Create the schema where it does not exist, and the tables with their indexes in it."""
    _create_schema(op, schema)
    _create_version(op, schema)
    _create_outbox(op, schema)
    _create_dead_letters(op, schema)
    _create_idempotency_keys(op, schema)


def downgrade(op: MigrationOperations, schema: str) -> None:
    """Drop the tables with all their rows; the schema stays."""
    for table in ("idempotency_keys", "dead_letters", "outbox", "uow_events_version"):
        op.drop_table(table, schema=schema)


def _create_schema(op: MigrationOperations, schema: str) -> None:
    literal = "'" + schema.replace("'", "''") + "'"
    identifier = '"' + schema.replace('"', '""') + '"'
    op.execute(_CREATE_SCHEMA.format(literal=literal, identifier=identifier).replace(":", r"\:"))


def _create_version(op: MigrationOperations, schema: str) -> None:
    table = op.create_table(
        "uow_events_version",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "applied_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_uow_events_version")),
        schema=schema,
    )
    op.execute(sa.insert(table).values(version=1))


def _create_outbox(op: MigrationOperations, schema: str) -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *_message_columns(),
        sa.Column(
            "available_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("parked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.CheckConstraint("shard BETWEEN 0 AND 63", name=op.f("ck_outbox_shard")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_attempts")),
        schema=schema,
    )
    claim, parked = op.f("ix_outbox_claim"), op.f("ix_outbox_parked")
    op.create_index(claim, "outbox", ["shard", "id"], schema=schema, postgresql_where=sa.text("NOT parked"))
    op.create_index(parked, "outbox", ["shard", "key", "id"], schema=schema, postgresql_where=sa.text("parked"))


def _create_dead_letters(op: MigrationOperations, schema: str) -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        *_message_columns(),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.CheckConstraint("shard BETWEEN 0 AND 63", name=op.f("ck_dead_letters_shard")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_dead_letters_attempts")),
        schema=schema,
    )
    by_topic = op.f("ix_dead_letters_topic_failed_at")
    op.create_index(by_topic, "dead_letters", ["topic", "failed_at"], schema=schema)


def _create_idempotency_keys(op: MigrationOperations, schema: str) -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.String(255), server_default=sa.text("''"), nullable=False),
        sa.Column("command", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("scope", "command", "key", name=op.f("pk_idempotency_keys")),
        sa.CheckConstraint("length(request_hash) = 32", name=op.f("ck_idempotency_keys_request_hash")),
        schema=schema,
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], schema=schema)


def _message_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=True),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.String(255), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
    ]
