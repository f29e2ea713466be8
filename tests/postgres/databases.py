"""The databases of one test run: a migrated template, a clone per test."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.postgres.admin import Admin
from tests.postgres.schema import migrate


@asynccontextmanager
async def migrated_databases(server: URL) -> AsyncIterator["Databases"]:
    databases = Databases(server)
    try:
        await databases.make_template()
        yield databases
    finally:
        await databases.drop_all()


UTF8 = "ENCODING 'UTF8' LOCALE 'C'"  # whatever the server's own default is


class Databases:
    """Makes and drops databases whose names no other run shares, so that several may use one server."""

    def __init__(self, server: URL) -> None:
        self.admin = Admin(server)
        self.prefix = f"uow_events_{secrets.token_hex(6)}"
        self.template = f"{self.prefix}_template"
        self._strategy = "file_copy"
        self._numbers = count(1)

    async def make_template(self) -> None:
        if await self.admin.scalar("SHOW fsync") == "on":
            self._strategy = "wal_log"  # a copy of files waits for two checkpoints
        await self._create(self.template, template="template0")
        engine = create_async_engine(self._url(self.template), poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(migrate)

    async def drop_all(self) -> None:
        pattern = self.prefix.replace("_", r"\_") + r"\_%"
        names = "SELECT array_agg(datname::text) FROM pg_database WHERE datname LIKE :pattern"
        for name in await self.admin.scalar(names, pattern=pattern) or ():
            await self._drop(name)

    @asynccontextmanager
    async def clone(self) -> AsyncIterator[URL]:
        """A database with everything that the template holds."""
        async with self._database(self.template) as url:
            yield url

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[URL]:
        """A database without any tables."""
        async with self._database("template0") as url:
            yield url

    @asynccontextmanager
    async def _database(self, template: str) -> AsyncIterator[URL]:
        name = f"{self.prefix}_{next(self._numbers)}"
        await self._create(name, template=template)
        try:
            yield self._url(name)
        finally:
            await self._drop(name)

    async def _create(self, name: str, *, template: str) -> None:
        await self.admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {self._strategy} {UTF8}")

    async def _drop(self, name: str) -> None:
        await self.admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _url(self, name: str) -> URL:
        return self.admin.url.set(database=name)
