"""What a migrated test database holds: the framework's tables, by its own migrations, and the tests' tables."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection

from tests.models import Base
from uow_events.migrations import LATEST_VERSION, upgrade


def migrate(connection: Connection) -> None:
    operations = Operations(MigrationContext.configure(connection))
    for version in range(1, LATEST_VERSION + 1):
        upgrade(operations, version)
    Base.metadata.create_all(connection)
