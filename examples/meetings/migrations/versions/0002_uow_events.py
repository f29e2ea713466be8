"""The tables of uow_events, versions 1 and 2."""

from alembic import op

from uow_events import migrations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for version in (1, 2):
        migrations.upgrade(op, version)


def downgrade() -> None:
    for version in (2, 1):
        migrations.downgrade(op, version)
