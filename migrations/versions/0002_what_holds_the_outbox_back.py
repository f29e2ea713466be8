"""What holds rows of the outbox back: blocked keys, paused topics."""

from alembic import op

from uow_events import migrations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    migrations.upgrade(op, version=2)


def downgrade() -> None:
    migrations.downgrade(op, version=2)
