"""The plumbing of the tests themselves: servers, databases and the look from outside."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import URL, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from tests.postgres import server as servers
from tests.postgres.admin import Admin, assert_pool_clean
from tests.postgres.databases import Databases, migrated_databases
from tests.postgres.server import ServerMissing, asyncpg_url, given, server

ROOT = Path(__file__).parents[2]
EVERY_SCHEMA = (
    "SELECT count(*) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
)


async def test_a_clone_has_the_frameworks_tables(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names(schema="uow_events"))
    assert tables != []


@pytest.mark.parametrize("run", [1, 2])
async def test_a_clone_per_test_is_isolated(engine: AsyncEngine, run: int) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE of_one_test ()"))


async def test_an_empty_database_has_no_tables(empty_database_url: URL) -> None:
    assert await Admin(empty_database_url).scalar(EVERY_SCHEMA) == 0


def test_a_test_that_is_not_async_gets_a_database_too(database_url: URL) -> None:
    assert asyncio.run(Admin(database_url).scalar("SELECT current_database()")) == database_url.database


async def test_a_clone_is_dropped_with_connections_open(databases: Databases) -> None:
    async with databases.clone() as url:
        engine = create_async_engine(url)
        open_connection = await engine.connect()
    names = "SELECT count(*) FROM pg_database WHERE datname = :name"
    assert await databases.admin.scalar(names, name=url.database) == 0
    await open_connection.invalidate()
    await open_connection.close()
    await engine.dispose()


async def test_a_run_drops_all_that_it_made_and_nothing_else(databases: Databases) -> None:
    names = "SELECT count(*) FROM pg_database WHERE starts_with(datname, :prefix)"
    with pytest.raises(ZeroDivisionError):
        async with migrated_databases(databases.admin.url) as another:
            await another._create(f"{another.prefix}_left", template="template0")
            assert await databases.admin.scalar(names, prefix=another.prefix) == 2
            raise ZeroDivisionError
    assert await databases.admin.scalar(names, prefix=another.prefix) == 0
    assert await databases.admin.scalar(names, prefix=databases.template) == 1


async def test_a_pool_at_rest_is_clean(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("SELECT 1"))
    await assert_pool_clean(engine)


async def test_a_connection_that_is_checked_out_is_not_clean(engine: AsyncEngine) -> None:
    async with engine.connect():
        with pytest.raises(AssertionError, match="1 connections are checked out"):
            await assert_pool_clean(engine)


async def test_a_backend_in_a_transaction_is_not_clean(engine: AsyncEngine) -> None:
    other = create_async_engine(engine.url, poolclass=NullPool)
    async with other.begin() as connection:
        await connection.execute(text("SELECT 1"))
        with pytest.raises(AssertionError, match="idle in transaction"):
            await assert_pool_clean(engine, within=0)


async def test_a_backend_can_be_killed_from_outside(engine: AsyncEngine, admin: Admin) -> None:
    async with engine.connect() as connection:
        pid = await connection.scalar(text("SELECT pg_backend_pid()"))
        assert [backend.pid for backend in await admin.backends(str(engine.url.database))] == [pid]
        await admin.kill(pid)
        while await admin.backends(str(engine.url.database)):
            pass
        await connection.invalidate()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_any_form_of_dsn_leads_to_asyncpg(scheme: str) -> None:
    url = asyncpg_url(f"{scheme}://user:secret@host:1/name")
    assert url.render_as_string(hide_password=False) == "postgresql+asyncpg://user:secret@host:1/name"


def test_a_dsn_without_a_database_means_the_one_that_every_server_has() -> None:
    assert asyncpg_url("postgres://host").database == "postgres"


@pytest.mark.parametrize(
    ("environment", "source"),
    [
        ({"UOW_EVENTS_TEST_DATABASE_URL": "a", "UOW_EVENTS_TEST_POSTGRES": "container"}, ("given", "a")),
        ({"UOW_EVENTS_TEST_POSTGRES": "container"}, ("container", "postgres:18-alpine")),
        ({"UOW_EVENTS_TEST_POSTGRES": "container", "UOW_EVENTS_TEST_POSTGRES_IMAGE": "b"}, ("container", "b")),
        ({}, ("embedded",)),
    ],
)
def test_the_server_comes_from_the_first_source_that_is_named(
    environment: Mapping[str, str], source: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("given", "container", "embedded"):
        monkeypatch.setattr(servers, name, lambda *arguments, name=name: (name, *arguments))
    assert server(environment) == source


async def test_a_server_that_does_not_answer_is_missing_and_its_password_stays_secret() -> None:
    with pytest.raises(ServerMissing) as caught:
        await given("postgres://user:secret@127.0.0.1:1/name").__aenter__()
    assert str(caught.value).startswith("UOW_EVENTS_TEST_DATABASE_URL=postgresql+asyncpg://user:***@127.0.0.1:1/name: ")


async def test_a_database_that_is_not_there_is_missing(databases: Databases) -> None:
    absent = databases.admin.url.set(database="no_such_database").render_as_string(hide_password=False)
    with pytest.raises(ServerMissing, match='database "no_such_database" does not exist'):
        await given(absent).__aenter__()


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_a_missing_server_is_a_visible_skip_on_a_laptop_and_a_failure_in_ci(ci: str, outcome: str) -> None:
    environment = os.environ | {"UOW_EVENTS_TEST_DATABASE_URL": "postgres://127.0.0.1:1/name", "CI": ci}
    test = f"{__file__}::test_a_pool_at_rest_is_clean"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", test]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert outcome in run.stdout.splitlines()[-1]
    assert (
        "No PostgreSQL to test with: UOW_EVENTS_TEST_DATABASE_URL=postgresql+asyncpg://127.0.0.1:1/name" in run.stdout
    )
