"""The messages that were consumed, and dead letters among them."""

from alembic import op

from uow_events import migrations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    migrations.upgrade(op, version=3)


def downgrade() -> None:
    migrations.downgrade(op, version=3)
