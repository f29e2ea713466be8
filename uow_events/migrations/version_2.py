"""Version 2: why a row of the outbox waits, the keys that are blocked, the topics that are paused. Frozen."""

import sqlalchemy as sa

from uow_events.migrations.operations import MigrationOperations


def upgrade(op: MigrationOperations, schema: str) -> None:
    """Give each reason to wait an index of its own; the index of what is ready holds nothing else.

    No release has written `parked`, so that nothing is lost with it. The indexes are made anew: while that runs,
    writers of notifications wait.
    """
    op.drop_index(op.f("ix_outbox_parked"), "outbox", schema=schema)
    op.drop_index(op.f("ix_outbox_claim"), "outbox", schema=schema)
    op.drop_column("outbox", "parked", schema=schema)
    op.add_column("outbox", sa.Column("held", sa.String(5), nullable=True), schema=schema)
    op.create_check_constraint(op.f("ck_outbox_held"), "outbox", "held IN ('key', 'time', 'topic')", schema=schema)
    for name, columns, where in (
        ("claim", ["shard", "id"], "held IS NULL"),
        ("held_key", ["shard", "key", "id"], "held = 'key'"),
        ("held_time", ["shard", "available_at"], "held = 'time'"),
        ("held_topic", ["topic", "id"], "held = 'topic'"),
    ):
        op.create_index(op.f(f"ix_outbox_{name}"), "outbox", columns, schema=schema, postgresql_where=sa.text(where))
    _create_blocked_keys(op, schema)
    _create_paused_topics(op, schema)
    op.execute(sa.insert(_version(schema)).values(version=2))


def downgrade(op: MigrationOperations, schema: str) -> None:
    """Forget what waited for what: every row is ready again."""
    op.drop_table("paused_topics", schema=schema)
    op.drop_table("blocked_keys", schema=schema)
    for name in ("held_topic", "held_time", "held_key", "claim"):
        op.drop_index(op.f(f"ix_outbox_{name}"), "outbox", schema=schema)
    op.drop_constraint(op.f("ck_outbox_held"), "outbox", schema=schema)
    op.drop_column("outbox", "held", schema=schema)
    op.add_column(
        "outbox",
        sa.Column("parked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema=schema,
    )
    claim, held = op.f("ix_outbox_claim"), op.f("ix_outbox_parked")
    op.create_index(claim, "outbox", ["shard", "id"], schema=schema, postgresql_where=sa.text("NOT parked"))
    op.create_index(held, "outbox", ["shard", "key", "id"], schema=schema, postgresql_where=sa.text("parked"))
    version = _version(schema)
    op.execute(sa.delete(version).where(version.c.version == 2))


def _version(schema: str) -> sa.TableClause:
    return sa.table("uow_events_version", sa.column("version", sa.Integer()), schema=schema)


def _create_blocked_keys(op: MigrationOperations, schema: str) -> None:
    op.create_table(
        "blocked_keys",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shard", "key", name=op.f("pk_blocked_keys")),
        schema=schema,
    )
    op.create_index(op.f("ix_blocked_keys_until"), "blocked_keys", ["shard", "until"], schema=schema)


def _create_paused_topics(op: MigrationOperations, schema: str) -> None:
    op.create_table(
        "paused_topics",
        sa.Column("topic", sa.String(255), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("topic", name=op.f("pk_paused_topics")),
        schema=schema,
    )
