"""The tables of uow_events, versions 1 to 3."""

from alembic import op

from uow_events import migrations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for version in (1, 2, 3):
        migrations.upgrade(op, version)


def downgrade() -> None:
    for version in (3, 2, 1):
        migrations.downgrade(op, version)
