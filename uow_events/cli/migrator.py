"""The framework's migrations without an Alembic environment: read the version, and go up and down under a lock."""

from collections.abc import Callable
from hashlib import sha256

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.ext.asyncio import AsyncConnection

from uow_events import migrations
from uow_events.errors import UnknownSchemaVersionError

_LOCK_TIMEOUT = "60s"


async def current_version(connection: AsyncConnection, schema: str) -> int:
    """Return the version that the tables in `schema` are at; 0 where there are none.

    Raises:
        UnknownSchemaVersionError: a newer release has migrated them.
    """
    version = await connection.run_sync(_read_version, schema)
    if version > migrations.LATEST_VERSION:
        raise UnknownSchemaVersionError(version, migrations.LATEST_VERSION)
    return version


async def upgrade(connection: AsyncConnection, schema: str) -> tuple[int, int]:
    """Bring the tables to the latest version, in the transaction of the connection; return the versions before, after.

    Concurrent calls wait for one another (at most a minute), so that each step is applied once.
    """
    await _lock(connection, schema)
    before = await current_version(connection, schema)
    for version in range(before + 1, migrations.LATEST_VERSION + 1):
        await connection.run_sync(_apply, migrations.upgrade, version, schema)
    return before, migrations.LATEST_VERSION


async def downgrade(connection: AsyncConnection, schema: str, target: int | None) -> tuple[int, int]:
    """Take the tables back to version `target` (None: one version); return the versions before and after."""
    await _lock(connection, schema)
    before = await current_version(connection, schema)
    after = min(before, max(before - 1, 0) if target is None else target)
    for version in range(before, after, -1):
        await connection.run_sync(_apply, migrations.downgrade, version, schema)
    return before, after


async def _lock(connection: AsyncConnection, schema: str) -> None:
    key = int.from_bytes(sha256(f"uow_events.migrations:{schema}".encode()).digest()[:8], signed=True)
    await connection.execute(sa.select(sa.func.set_config("lock_timeout", _LOCK_TIMEOUT, True)))
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def _read_version(connection: sa.Connection, schema: str) -> int:
    if not sa.inspect(connection).has_table("uow_events_version", schema=schema):
        return 0
    table = sa.table("uow_events_version", sa.column("version", sa.Integer), schema=schema)
    return connection.scalar(sa.select(sa.func.coalesce(sa.func.max(table.c.version), 0))) or 0


def _apply(connection: sa.Connection, step: Callable[..., None], version: int, schema: str) -> None:
    step(Operations(MigrationContext.configure(connection)), version, schema=schema)
