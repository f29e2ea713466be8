"""The transactions of an OutboxAdmin: they wait for the relays that work on what they change."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.errors import OutboxBusyError, SchemaNotMigratedError
from uow_events.operations.statements import Statements
from uow_events.outbox import DATABASE_ERRORS, NOT_MIGRATED, driver_connection

Driver: TypeAlias = Any
LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Transactions:
    """Opens transactions on one outbox, each with a shard of it locked, or all of them, or none."""

    engine: AsyncEngine
    statements: Statements
    lock_timeout: timedelta

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Driver]:
        """One look: everything that is read belongs to the same moment."""
        async with self._connection() as driver, driver.transaction(isolation="repeatable_read", readonly=True):
            yield driver

    @asynccontextmanager
    async def unlocked(self) -> AsyncGenerator[Driver]:
        """A transaction that changes no row of the outbox."""
        async with self._connection() as driver, driver.transaction(isolation="read_committed"):
            yield driver

    @asynccontextmanager
    async def shard(self, shard: int) -> AsyncGenerator[Driver]:
        """Hold one shard, which no relay works on meanwhile."""
        async with self._locking() as driver:
            await driver.execute(self.statements.lock, self.statements.outbox, shard)
            yield driver

    @asynccontextmanager
    async def all_shards(self) -> AsyncGenerator[Driver]:
        """Hold the whole outbox; the shards are taken in one order by all, so that nobody waits in a circle."""
        async with self._locking() as driver:
            await driver.execute(self.statements.lock_all, self.statements.outbox)
            yield driver

    @asynccontextmanager
    async def _locking(self) -> AsyncGenerator[Driver]:
        limit = f"{self.lock_timeout // timedelta(milliseconds=1)}ms"
        async with self._connection() as driver, driver.transaction(isolation="read_committed"):
            await driver.execute("SELECT set_config('lock_timeout', $1, true)", limit)
            yield driver

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Driver]:
        try:
            async with driver_connection(self.engine) as driver:
                yield driver
        except DATABASE_ERRORS as error:
            sqlstate = getattr(error, "sqlstate", None)
            if sqlstate == LOCK_NOT_AVAILABLE:
                raise OutboxBusyError(self.statements.outbox, self.lock_timeout) from error
            if sqlstate in NOT_MIGRATED:
                raise SchemaNotMigratedError(self.statements.outbox) from error
            raise
