"""Outbox, dead letters, idempotency keys."""

from alembic import op

from uow_events import migrations

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    migrations.upgrade(op, version=1)


def downgrade() -> None:
    migrations.downgrade(op, version=1)
