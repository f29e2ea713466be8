"""A PostgreSQL for the tests that ask for one, and a database of its own for each of them."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.postgres.admin import Admin
from tests.postgres.databases import Databases, migrated_databases
from tests.postgres.server import ServerMissing, server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def databases() -> AsyncIterator[Databases]:
    """The databases of this run; each worker of pytest-xdist has a server (or at least a template) of its own."""
    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(server())
        except ServerMissing as missing:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"No PostgreSQL to test with: {missing}")
        yield await stack.enter_async_context(migrated_databases(url))


@pytest.fixture
async def database_url(databases: Databases) -> AsyncIterator[URL]:
    """A migrated database of this test's own."""
    async with databases.clone() as url:
        yield url


@pytest.fixture
async def empty_database_url(databases: Databases) -> AsyncIterator[URL]:
    """A database of this test's own, without any tables."""
    async with databases.empty() as url:
        yield url


@pytest.fixture
async def engine(database_url: URL) -> AsyncIterator[AsyncEngine]:
    """An engine on this test's database, with a pool of 5 connections."""
    engine = create_async_engine(database_url, pool_size=5)
    try:
        yield engine
    finally:
        await engine.dispose()


@pytest.fixture
def admin(databases: Databases) -> Admin:
    """A look at the server from outside."""
    return databases.admin
