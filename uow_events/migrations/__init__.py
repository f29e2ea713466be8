"""The versions of the framework's tables as functions that an application's own Alembic revision calls."""

from uow_events.migrations.autogenerate import include_name
from uow_events.migrations.history import LATEST_VERSION, downgrade, upgrade
from uow_events.migrations.operations import MigrationOperations

__all__ = ["LATEST_VERSION", "MigrationOperations", "downgrade", "include_name", "upgrade"]
