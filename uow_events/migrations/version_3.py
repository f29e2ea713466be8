"""Version 3: the messages that were consumed, and dead letters among them. Frozen."""

import sqlalchemy as sa

from uow_events.migrations.operations import MigrationOperations

ORIGIN = "(outbox_id IS NULL) = (consumer IS NOT NULL)"


def upgrade(op: MigrationOperations, schema: str) -> None:
    """Create the table of consumed messages; let dead letters come from there, too."""
    op.create_table(
        "consumed_messages",
        sa.Column("consumer", sa.String(255), nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("dead_letter_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("consumer", "source", "message_id", name=op.f("pk_consumed_messages")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_consumed_messages_attempts")),
        schema=schema,
    )
    op.create_index(op.f("ix_consumed_messages_received_at"), "consumed_messages", ["received_at"], schema=schema)
    op.add_column("dead_letters", sa.Column("consumer", sa.String(255), nullable=True), schema=schema)
    op.alter_column("dead_letters", "outbox_id", nullable=True, schema=schema)
    op.create_check_constraint(op.f("ck_dead_letters_origin"), "dead_letters", ORIGIN, schema=schema)
    op.execute(sa.insert(_table("uow_events_version", "version", schema)).values(version=3))


def downgrade(op: MigrationOperations, schema: str) -> None:
    """Forget what was consumed, and the dead letters among it."""
    dead_letters = _table("dead_letters", "outbox_id", schema)
    op.execute(sa.delete(dead_letters).where(dead_letters.c.outbox_id.is_(None)))
    op.drop_constraint(op.f("ck_dead_letters_origin"), "dead_letters", schema=schema)
    op.alter_column("dead_letters", "outbox_id", nullable=False, schema=schema)
    op.drop_column("dead_letters", "consumer", schema=schema)
    op.drop_table("consumed_messages", schema=schema)
    version = _table("uow_events_version", "version", schema)
    op.execute(sa.delete(version).where(version.c.version == 3))


def _table(name: str, column: str, schema: str) -> sa.TableClause:
    return sa.table(name, sa.column(column, sa.BigInteger()), schema=schema)
