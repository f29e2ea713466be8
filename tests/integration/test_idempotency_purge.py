"""Keys are forgotten when they are old enough, from Python and by the command."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.idempotent import Forget, keys, send
from tests.migrations.command import Run, runner
from uow_events import InvalidArgumentError, SchemaNotMigratedError, UnitOfWork, purge_idempotency_keys
from uow_events.cli import idempotency
from uow_events.cli.database import Database
from uow_events.mediator.idempotency import purging

DAY = timedelta(days=1)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "BATCH", 2)
    monkeypatch.setattr(idempotency, "BATCH", 2)


async def remember(engine: AsyncEngine, *, old: int, young: int = 1) -> None:
    async def forget(unit: UnitOfWork) -> None: ...

    for number in range(old + young):
        await send(engine, Forget(), f"{'old' if number < old else 'young'} {number}", forget)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE uow_events.idempotency_keys SET created_at = now() - interval '25 hours' WHERE key LIKE 'old%'"
            )
        )


@pytest.mark.parametrize("old", [0, 1, 2, 5])
async def test_old_keys_are_deleted_in_batches_and_young_ones_stay(engine: AsyncEngine, old: int) -> None:
    await remember(engine, old=old)
    assert await purge_idempotency_keys(engine, older_than=DAY) == old
    assert [key for _, _, key in await keys(engine)] == [f"young {old}"]


async def test_on_a_connection_it_is_the_owner_who_commits(engine: AsyncEngine) -> None:
    await remember(engine, old=3)
    async with engine.connect() as connection:
        assert await purge_idempotency_keys(connection, older_than=DAY) == 3
        await connection.rollback()
    assert len(await keys(engine)) == 4


async def test_a_key_that_another_purge_holds_is_left_to_that(engine: AsyncEngine) -> None:
    await remember(engine, old=3)
    async with engine.connect() as other:
        await other.execute(text("SELECT FROM uow_events.idempotency_keys WHERE key = 'old 1' FOR UPDATE"))
        assert await purge_idempotency_keys(engine, older_than=DAY) == 2


async def test_a_schema_that_was_not_migrated_is_named(engine: AsyncEngine) -> None:
    with pytest.raises(SchemaNotMigratedError, match=r"other\.idempotency_keys"):
        await purge_idempotency_keys(engine, older_than=DAY, schema="other")


@pytest.mark.parametrize(
    ("older_than", "expected"),
    [
        (7, "a timedelta, and is a int"),
        (timedelta(0), "more than 0 and at most 36500 days, and is 0:00:00"),
        (timedelta(days=36_501), "more than 0 and at most 36500 days, and is 36501 days, 0:00:00"),
    ],
)
async def test_an_age_that_makes_no_sense_is_refused(engine: AsyncEngine, older_than: object, expected: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        await purge_idempotency_keys(engine, older_than=older_than)  # type: ignore[arg-type]
    assert str(raised.value) == f"The argument older_than must be {expected}"


def on(url: URL) -> tuple[str, str]:
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return dsn, str(Database.from_dsn(dsn))


def with_keys(url: URL, old: int) -> None:
    async def make() -> None:
        engine = create_async_engine(url)
        await remember(engine, old=old)
        await engine.dispose()

    asyncio.run(make())


def test_the_command_counts_and_deletes(run: Run, database_url: URL) -> None:
    with_keys(database_url, 3)
    dsn, where = on(database_url)
    purge = ("idempotency", "purge", "--dsn", dsn, "--older-than", "24h")
    would = f"3 keys older than 24h would be deleted in schema 'uow_events' of {where}.\n"
    assert run(*purge, "--dry-run") == (0, would, "")
    assert run(*purge) == (0, f"3 keys older than 24h deleted in schema 'uow_events' of {where}.\n", "")
    assert run(*purge) == (0, f"0 keys older than 24h deleted in schema 'uow_events' of {where}.\n", "")


def test_the_command_tells_errors_in_one_line(run: Run, database_url: URL) -> None:
    dsn, where = on(database_url)
    purge = ("idempotency", "purge", "--older-than", "1s", "--dsn")
    code, out, err = run(*purge, dsn, "--schema", "other")
    assert (code, out) == (2, "")
    assert err.startswith("Error: The table other.idempotency_keys is not in this database")
    asyncio.run(make_read_only(database_url))
    refused = f"{where} refused it: cannot execute DELETE in a read-only transaction"
    assert run(*purge, dsn) == (2, "", f"Error: The statement was rolled back, since {refused}\n")


async def make_read_only(url: URL) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text(f'ALTER DATABASE "{url.database}" SET default_transaction_read_only = on'))
    await engine.dispose()
