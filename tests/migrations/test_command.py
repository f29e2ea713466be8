import asyncio
import socket

import pytest
import sqlalchemy as sa
from sqlalchemy import URL

from tests.migrations.catalog import catalog, tables_in
from tests.migrations.command import Run, runner
from tests.migrations.server_that_refuses import server_that_refuses
from tests.migrations.steps import on
from tests.postgres.admin import Admin
from uow_events.cli import migrator
from uow_events.cli.database import Database
from uow_events.migrations import LATEST_VERSION


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture
def dsn(empty_database_url: URL) -> str:
    return text_of(empty_database_url)


def text_of(url: URL, drivername: str = "postgresql") -> str:
    return url.set(drivername=drivername).render_as_string(hide_password=False)


def on_database(dsn: str, schema: str = "uow_events") -> str:
    return f"The tables in schema {schema!r} of {Database.from_dsn(dsn)}"


def test_a_database_that_was_not_migrated_gives_one_error_that_names_the_command(run: Run, dsn: str) -> None:
    needed = f"this release needs version {LATEST_VERSION}: run `uow-events db upgrade`.\n"
    error = f"{on_database(dsn)} do not exist, and {needed}"
    assert run("db", "check", "--dsn", dsn) == (1, "", error)
    assert run("db", "current", "--dsn", dsn) == (0, "0\n", "")


def test_upgrade_check_and_downgrade_agree(run: Run, dsn: str) -> None:
    latest, where = LATEST_VERSION, on_database(dsn)
    assert run("db", "upgrade", "--dsn", dsn) == (0, f"{where} went from version 0 to {latest}.\n", "")
    assert run("db", "upgrade", "--dsn", dsn) == (0, f"{where} are at version {latest} already.\n", "")
    assert run("db", "current", "--dsn", dsn) == (0, f"{latest}\n", "")
    assert run("db", "check", "--dsn", dsn) == (0, f"{where} are at version {latest}, as this release needs.\n", "")
    assert run("db", "downgrade", "--dsn", dsn, "--to", f"{latest}") == (
        0,
        f"{where} are at version {latest} already.\n",
        "",
    )
    assert run("db", "downgrade", "--dsn", dsn) == (0, f"{where} went from version {latest} to {latest - 1}.\n", "")
    assert run("db", "downgrade", "--dsn", dsn, "--to", "0")[0] == 0
    assert run("db", "downgrade", "--dsn", dsn) == (0, f"{where} are at version 0 already.\n", "")


@pytest.mark.parametrize("drivername", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_a_dsn_may_have_any_of_three_forms(
    drivername: str, run: Run, empty_database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UOW_EVENTS_DATABASE_URL", text_of(empty_database_url, drivername))
    assert run("db", "upgrade")[0] == 0
    assert run("db", "check")[0] == 0


def test_libpqs_options_are_understood(run: Run, empty_database_url: URL) -> None:
    url = empty_database_url.update_query_dict({"sslmode": "prefer", "target_session_attrs": "read-write"})
    assert run("db", "upgrade", "--dsn", text_of(url))[0] == 0


def test_the_schema_is_settable(run: Run, dsn: str, empty_database_url: URL) -> None:
    assert run("db", "upgrade", "--dsn", dsn, "--schema", "messaging")[0] == 0
    assert run("db", "check", "--dsn", dsn, "--schema", "messaging")[0] == 0
    assert run("db", "check", "--dsn", dsn)[0] == 1
    assert run("db", "downgrade", "--dsn", dsn, "--schema", "messaging", "--to", "0")[0] == 0
    code, _, err = run("db", "check", "--dsn", dsn, "--schema", "messaging")
    assert (code, err.partition(": ")[2]) == (1, "run `uow-events db upgrade --schema messaging`.\n")
    assert asyncio.run(tables_in(empty_database_url, "messaging")) == set()


def test_the_command_leaves_what_a_revision_leaves(
    run: Run, dsn: str, empty_database_url: URL, database_url: URL
) -> None:
    run("db", "upgrade", "--dsn", dsn)
    assert asyncio.run(catalog(empty_database_url)) == asyncio.run(catalog(database_url))


def test_tables_that_a_revision_made_are_known_to_the_command(run: Run, database_url: URL) -> None:
    dsn = text_of(database_url)
    assert run("db", "check", "--dsn", dsn)[0] == 0
    assert run("db", "upgrade", "--dsn", dsn)[0] == 0


def test_an_older_version_needs_an_upgrade(run: Run, database_url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    newer, dsn = LATEST_VERSION + 1, text_of(database_url)
    monkeypatch.setattr("uow_events.cli.db.LATEST_VERSION", newer)
    error = (
        f"{on_database(dsn)} are at version {LATEST_VERSION}, and this release needs version {newer}: "
        "run `uow-events db upgrade`.\n"
    )
    assert run("db", "check", "--dsn", dsn) == (1, "", error)


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "current", "check"])
def test_a_newer_releases_tables_are_left_alone(command: str, run: Run, database_url: URL) -> None:
    newer = LATEST_VERSION + 1
    add = sa.text(f"INSERT INTO uow_events.uow_events_version (version) VALUES ({newer})")
    asyncio.run(on(database_url, lambda connection: connection.execute(add)))
    error = (
        f"Error: This release of uow-events does not know version {newer} of its tables: "
        f"it knows 1 to {LATEST_VERSION}. Name one of these, or install a newer release.\n"
    )
    assert run("db", command, "--dsn", text_of(database_url)) == (2, "", error)


def test_what_the_database_refuses_changes_nothing(run: Run, dsn: str, empty_database_url: URL) -> None:
    create = sa.text("CREATE SCHEMA uow_events CREATE TABLE idempotency_keys ()")
    asyncio.run(on(empty_database_url, lambda connection: connection.execute(create)))
    reason = 'relation "idempotency_keys" already exists'
    error = f"Error: {on_database(dsn)} are as they were, since the database refused: {reason}\n"
    assert run("db", "upgrade", "--dsn", dsn) == (2, "", error)
    assert asyncio.run(tables_in(empty_database_url)) == set()  # a table without columns has no line there


def test_a_missing_database_is_one_line(run: Run, empty_database_url: URL) -> None:
    dsn = text_of(empty_database_url.set(database="no_such_database"))
    error = (
        f'Error: No connection to {Database.from_dsn(dsn)}: database "no_such_database" does not exist. '
        "Check the DSN, and that the server accepts it.\n"
    )
    assert run("db", "upgrade", "--dsn", dsn) == (2, "", error)


@pytest.mark.parametrize("drivername", ["postgresql", "postgresql+asyncpg"])
def test_an_unreachable_host_is_one_line(drivername: str, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = (
        f"Error: No connection to database 'd' on 127.0.0.1:{port}: [Errno 111] Connect call failed "
        f"('127.0.0.1', {port}). Check the DSN, and that the server accepts it.\n"
    )
    assert run("db", "check", "--dsn", f"{drivername}://u:s3cr3t@127.0.0.1:{port}/d") == (2, "", error)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:s3cr3t@127.0.0.1:{}/d?sslmode=disable",
        "postgresql+asyncpg://u:s3cr3t@127.0.0.1:{}/d?ssl=disable",
    ],
)
def test_a_wrong_password_is_one_line_without_the_password(dsn: str, run: Run) -> None:
    with server_that_refuses() as (port, told):
        ended = run("db", "upgrade", "--dsn", dsn.format(port))
    error = (
        f"Error: No connection to database 'd' on 127.0.0.1:{port}: password authentication failed for user \"u\". "
        "Check the DSN, and that the server accepts it.\n"
    )
    assert told == [b"s3cr3t"]
    assert ended == (2, "", error)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
async def test_concurrent_upgrades_apply_each_step_once(isolation: str, empty_database_url: URL) -> None:
    name, admin = empty_database_url.database, Admin(empty_database_url)
    await admin.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'")
    database = Database.from_dsn(text_of(empty_database_url))

    async def upgrade() -> tuple[int, int]:
        async with database.begin() as connection:
            return await migrator.upgrade(connection, "uow_events")

    async with asyncio.TaskGroup() as group, asyncio.timeout(20):
        async with database.begin() as connection:
            assert await migrator.upgrade(connection, "uow_events") == (0, LATEST_VERSION)
            second = group.create_task(upgrade())
            while not await admin.scalar(WAITING, database=name):
                assert not second.done()
        assert await second == (LATEST_VERSION, LATEST_VERSION)


WAITING = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE datname = :database AND locktype = 'advisory' AND NOT granted
"""
