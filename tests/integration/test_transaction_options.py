"""TransactionOptions on PostgreSQL: what each does, what it sends, and that the pool's connections are as before."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from tests.integration.conftest import App
from tests.models import Note
from tests.postgres.admin import assert_pool_clean
from tests.postgres.wire import tapped
from uow_events import (
    InvalidArgumentError,
    MessageContext,
    ResolvedOptions,
    RetryPolicy,
    TransactionAbortedError,
    TransactionOptions,
    UnitOfWork,
    UnsupportedBindError,
)

SECOND = timedelta(seconds=1)
SHOWN = text("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
LIMITS = text("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
TENANT = text("SELECT current_setting('app.tenant', true)")


def unit_on(engine: AsyncEngine, **options: Any) -> UnitOfWork:
    return UnitOfWork(engine, transaction=TransactionOptions(**options))


async def shown(engine: AsyncEngine, statement: Any = SHOWN, **options: Any) -> tuple[Any, ...]:
    async with unit_on(engine, **options) as unit:
        return tuple((await unit.session.execute(statement)).one())


@pytest.fixture
async def single(engine: AsyncEngine) -> Any:
    """An engine whose pool has one connection, which every unit of work so gets in turn."""
    single = create_async_engine(engine.url, pool_size=1, max_overflow=0)
    yield single
    await single.dispose()


async def test_isolation_level_and_read_only_hold_for_one_transaction_alone(single: AsyncEngine) -> None:
    usual = ("read committed", "off")
    assert await shown(single) == usual
    assert await shown(single, isolation_level="SERIALIZABLE", read_only=True) == ("serializable", "on")
    assert await shown(single) == usual
    assert await shown(single, isolation_level="REPEATABLE READ") == ("repeatable read", "off")
    assert await shown(single, read_only=True) == ("read committed", "on")
    assert await shown(single, read_only=False) == usual
    async with single.connect() as connection:
        assert tuple((await connection.execute(SHOWN)).one()) == usual
    await assert_pool_clean(single)


async def test_they_are_put_back_after_a_failure_too(single: AsyncEngine) -> None:
    with pytest.raises(KeyError):
        async with unit_on(single, isolation_level="SERIALIZABLE", read_only=True) as unit:
            await unit.session.execute(SHOWN)
            raise KeyError
    assert await shown(single) == ("read committed", "off")


async def test_what_the_engine_says_holds_where_the_options_say_nothing(engine: AsyncEngine) -> None:
    strict = engine.execution_options(isolation_level="SERIALIZABLE", postgresql_readonly=True)
    assert await shown(strict) == ("serializable", "on")
    assert await shown(strict, isolation_level="READ COMMITTED", read_only=False) == ("read committed", "off")


async def test_a_write_in_a_read_only_transaction_is_an_error(app: App) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with unit_on(app.engine, read_only=True) as unit:
            unit.session.add(Note(text="lost"))
    await app.assert_nothing_stored()


async def test_limits_and_settings_hold_for_one_transaction_alone(single: AsyncEngine) -> None:
    limits = {"lock_timeout": 2 * SECOND, "statement_timeout": 3 * SECOND}
    assert await shown(single, LIMITS, **limits) == ("2s", "3s")
    assert await shown(single, TENANT, settings={"app.tenant": "it's 7; --"}) == ("it's 7; --",)
    assert await shown(single, LIMITS) == ("0", "0")
    assert await shown(single, TENANT) in [("",), (None,)]


async def test_options_cost_no_statement_but_one_for_limits_and_settings(engine: AsyncEngine) -> None:
    async with tapped(engine.url) as (url, wire):
        tapped_engine = create_async_engine(url)
        await shown(tapped_engine)  # whatever a new connection asks
        wire.clear()
        await shown(tapped_engine, isolation_level="SERIALIZABLE", read_only=True)
        assert wire.statements == ["BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;", SHOWN.text, "COMMIT;"]
        wire.clear()
        await shown(tapped_engine, lock_timeout=SECOND, statement_timeout=SECOND, settings={"app.tenant": "7"})
        assert wire.words == ["BEGIN", "SELECT", "SELECT", "COMMIT"]
        assert wire.statements[1].count("set_config") == 3
        wire.clear()
        async with unit_on(tapped_engine, lock_timeout=SECOND, isolation_level="SERIALIZABLE"):
            pass
        assert wire.words == []
        await tapped_engine.dispose()


async def test_settings_survive_the_rollback_of_the_first_savepoint(engine: AsyncEngine) -> None:
    async with unit_on(engine, settings={"app.tenant": "7"}) as unit:
        savepoint = await unit.session.begin_nested()
        await savepoint.rollback()
        assert await unit.session.scalar(TENANT) == "7"


async def test_settings_by_context_separate_tenants(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for statement in (
            "INSERT INTO note (text) VALUES ('a: x'), ('b: y')",
            "ALTER TABLE note ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE note FORCE ROW LEVEL SECURITY",
            "CREATE POLICY tenant ON note USING (text LIKE current_setting('app.tenant') || ':%')",
            "GRANT SELECT ON note TO pg_monitor",
        ):
            await connection.execute(text(statement))
    seen: list[MessageContext] = []

    def settings(context: MessageContext) -> dict[str, str]:
        seen.append(context)
        return {"app.tenant": context.headers["tenant"], "role": "pg_monitor"}

    for tenant, rows in (("a", ["a: x"]), ("b", ["b: y"]), ("c", [])):
        context = MessageContext(headers={"tenant": tenant})
        options = TransactionOptions(settings=settings)
        async with UnitOfWork(engine, context=context, transaction=options) as unit:
            assert list(await unit.session.scalars(select(Note.text))) == rows
            await unit.session.execute(TENANT)
        assert seen.pop() is context
        assert not seen
    with pytest.raises(KeyError, match="tenant"):
        UnitOfWork(engine, transaction=options)


async def test_limits_stop_what_takes_too_long(app: App) -> None:
    other = await app.engine.connect()
    await other.execute(text("LOCK TABLE note"))
    for options, state in (("lock_timeout", "55P03"), ("statement_timeout", "57014")):
        with pytest.raises(DBAPIError) as raised:
            async with unit_on(app.engine, **{options: timedelta(milliseconds=1)}) as unit:
                await unit.session.execute(text("SELECT pg_sleep(0), text FROM note"))
        assert raised.value.orig is not None
        assert raised.value.orig.sqlstate == state  # type: ignore[attr-defined]
    await other.close()


async def test_without_its_settings_nothing_of_a_transaction_runs(app: App) -> None:
    with pytest.raises(TransactionAbortedError) as raised:
        async with unit_on(app.engine, settings={"no_such_setting": "1"}) as unit:
            with pytest.raises(DBAPIError) as refused:
                await unit.session.scalar(select(1))
            with pytest.raises(TransactionAbortedError):
                await unit.session.scalar(select(1))
    assert raised.value.__cause__ is refused.value
    assert raised.value.problem == (
        "the settings of its TransactionOptions could not be applied, and the error was swallowed"
    )


async def test_nothing_runs_where_the_statement_of_the_settings_was_cancelled(app: App) -> None:
    """A handler that catches its own timeout must not go on to read other tenants' rows."""
    reached, never = asyncio.Event(), asyncio.Event()

    def stop(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "set_config" in statement:
            reached.set()
            connection.connection.dbapi_connection.run_async(lambda _: never.wait())

    event.listen(app.engine.sync_engine, "before_cursor_execute", stop)
    with pytest.raises(TransactionAbortedError, match="could not be applied"):
        async with unit_on(app.engine, settings={"app.tenant": "7"}) as unit:
            first = asyncio.create_task(unit.session.scalar(select(func.count()).select_from(Note)))
            await reached.wait()
            first.cancel()
            await asyncio.wait([first])
            assert first.cancelled()
            with pytest.raises(TransactionAbortedError, match="could not be applied"):
                await unit.session.scalar(select(func.count()).select_from(Note))


async def test_a_unit_of_work_tells_its_options_with_nothing_left_to_inherit(engine: AsyncEngine) -> None:
    assert UnitOfWork(engine).transaction == ResolvedOptions()
    assert unit_on(engine, lock_timeout=SECOND).transaction == ResolvedOptions(lock_timeout=SECOND)
    assert UnitOfWork(async_sessionmaker(engine), transaction=ResolvedOptions(read_only=True)).transaction.read_only


async def test_the_block_of_a_unit_of_work_is_not_retried(engine: AsyncEngine) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        unit_on(engine, retry=RetryPolicy())
    assert str(raised.value) == (
        "The argument transaction must be options without retry: the block of a unit of work cannot run twice; only a "
        "command can"
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [("SERIALIZABLE", "a str"), (None, "a NoneType"), (TransactionOptions, "the class TransactionOptions")],
)
async def test_what_are_no_options_is_refused_by_name(engine: AsyncEngine, given: Any, shown: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        UnitOfWork(engine, transaction=given)
    assert str(raised.value) == f"The argument transaction must be an instance of TransactionOptions, and is {shown}"


async def test_what_only_postgresql_can_is_refused_elsewhere(tmp_path: Path) -> None:
    sqlite = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    with pytest.raises(UnsupportedBindError) as raised:
        unit_on(sqlite, isolation_level="SERIALIZABLE", lock_timeout=SECOND, settings={"app.tenant": "7"})
    assert str(raised.value) == (
        "The AsyncEngine given as bind cannot carry a unit of work: TransactionOptions with isolation_level, "
        "lock_timeout, settings need PostgreSQL, and this is sqlite"
    )
    async with unit_on(sqlite, timeout=timedelta(hours=1), read_only=False, lock_timeout=None) as unit:
        assert await unit.session.scalar(select(1)) == 1
    await sqlite.dispose()
