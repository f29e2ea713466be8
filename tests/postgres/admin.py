"""A look at the server from outside of the code under test."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, QueuePool

BACKENDS = """
    SELECT pid, state, query FROM pg_stat_activity
    WHERE datname = :database AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY pid
"""


class Backend(NamedTuple):
    """One server process that serves a client."""

    pid: int
    state: str
    query: str


class Admin:
    """Statements on connections of their own, each its own transaction."""

    def __init__(self, url: URL) -> None:
        self.url = url

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        async with _engine(self.url).connect() as connection:
            yield connection

    async def scalar(self, sql: str, **parameters: object) -> Any:
        async with self.connection() as connection:
            return await connection.scalar(text(sql), parameters)

    async def execute(self, sql: str, **parameters: object) -> None:
        async with self.connection() as connection:
            await connection.execute(text(sql), parameters)

    async def backends(self, database: str) -> Sequence[Backend]:
        async with self.connection() as connection:
            rows = await connection.execute(text(BACKENDS), {"database": database})
            return [Backend(*row) for row in rows]

    async def kill(self, pid: int) -> None:
        """End a backend, as a failing server or an administrator would, and return when its process is gone."""
        await self.execute("SELECT pg_terminate_backend(:pid, 20000)", pid=pid)


@lru_cache
def _engine(url: URL) -> AsyncEngine:
    """An engine that keeps no connection, and so serves every event loop; it asks a server for its version once."""
    return create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")


async def assert_pool_clean(engine: AsyncEngine, *, within: float = 5) -> None:
    """No connection is checked out, and no backend of this database is in a transaction or at work.

    A backend whose client has hung up notices that a little later, so backends have `within` seconds to come to rest.
    """
    assert isinstance(engine.pool, QueuePool)
    assert engine.pool.checkedout() == 0, (
        f"{engine.pool.checkedout()} connections are checked out: {engine.pool.status()}"
    )
    deadline = asyncio.get_running_loop().time() + within
    while busy := await busy_backends(engine):
        assert asyncio.get_running_loop().time() < deadline, f"backends that are not idle: {busy}"


async def busy_backends(engine: AsyncEngine) -> Sequence[Backend]:
    database = engine.url.database
    assert database
    admin = Admin(engine.url.set(database="postgres"))
    return [backend for backend in await admin.backends(database) if backend.state != "idle"]
