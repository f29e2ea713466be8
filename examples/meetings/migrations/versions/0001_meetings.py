"""The application's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAME = sa.String(80)
TIMESTAMP = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "meeting",
        sa.Column("id", NAME, nullable=False),
        sa.Column("seats_left", sa.Integer(), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_meeting"),
        sa.CheckConstraint("seats_left >= 0", name=op.f("ck_meeting_seats_left")),
    )
    people("attendance", "ticket", sa.Column("since", TIMESTAMP, nullable=False))
    people("waiting", "number")
    op.create_table(
        "badge",
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticket", name="pk_badge"),
        sa.ForeignKeyConstraint(["ticket"], ["attendance.ticket"], name="fk_badge_ticket", ondelete="CASCADE"),
    )
    op.create_table(
        "banned_user", sa.Column("user", NAME, nullable=False), sa.PrimaryKeyConstraint("user", name="pk_banned_user")
    )
    op.create_table(
        "join_count",
        sa.Column("meeting_id", NAME, nullable=False),
        sa.Column("joins", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_join_count"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_join_count_meeting_id"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("event", NAME, nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )


def people(table: str, key: str, *columns: sa.Column[object]) -> None:
    """Create a table of one row per meeting and user."""
    op.create_table(
        table,
        sa.Column(key, sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("meeting_id", NAME, nullable=False),
        sa.Column("user", NAME, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
        sa.UniqueConstraint("meeting_id", "user", name=f"uq_{table}_meeting_id_user"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=f"fk_{table}_meeting_id"),
    )


def downgrade() -> None:
    for table in ("audit_entry", "join_count", "banned_user", "badge", "waiting", "attendance", "meeting"):
        op.drop_table(table)
