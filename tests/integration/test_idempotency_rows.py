"""The rows of idempotency keys: where they are, what they wait for, and what they do not disturb."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.idempotent import Pay, Receipt, keys, send
from uow_events import (
    IdempotencyConflictError,
    IdempotencyInProgressError,
    SchemaNotMigratedError,
    UnitOfWork,
    UnsupportedBindError,
    tables,
)
from uow_events.mediator.idempotency import IdempotencyGuard, Stored, once
from uow_events.mediator.idempotency.guard import AlreadyClaimed

RECEIPT = Receipt(uuid4(), 1)


async def answer(unit: UnitOfWork) -> Receipt:
    return RECEIPT


async def lock_timeout(unit: UnitOfWork) -> str:
    return str(await unit.session.scalar(text("SELECT current_setting('lock_timeout')")))


@pytest.mark.parametrize(("given", "used"), [("0", "10s"), ("7s", "7s")])
async def test_without_a_lock_timeout_the_key_alone_is_waited_for_ten_seconds(
    engine: AsyncEngine, given: str, used: str
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE seen (lock_timeout text)"))
        await connection.execute(
            text(
                "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "INSERT INTO seen VALUES (current_setting('lock_timeout')); RETURN NEW; END $$"
            )
        )
        await connection.execute(
            text(
                "CREATE TRIGGER see BEFORE INSERT ON uow_events.idempotency_keys FOR EACH ROW "
                "WHEN (NEW.response IS NULL) EXECUTE FUNCTION see()"
            )
        )
    guard = IdempotencyGuard("k", Pay())
    async with UnitOfWork(engine) as unit:
        await unit.session.execute(text("SELECT set_config('lock_timeout', :value, true)"), {"value": given})
        assert await guard.claim_joined(unit.session) is None
        assert await lock_timeout(unit) == given
        assert await unit.session.scalar(text("SELECT lock_timeout FROM seen")) == used
        await guard.keep(unit.session, RECEIPT)
        assert await guard.claim_joined(unit.session) == Stored(RECEIPT)
        assert await lock_timeout(unit) == given


async def test_a_joined_command_with_the_key_of_its_own_twin_gets_what_is_stored(engine: AsyncEngine) -> None:
    async with UnitOfWork(engine) as unit:
        assert await unit.session.scalar(text("SELECT 1")) == 1
        await send(engine, Pay(), "k", answer)
        assert await IdempotencyGuard("k", Pay()).claim_joined(unit.session) == Stored(RECEIPT)
        with pytest.raises(IdempotencyConflictError):
            await IdempotencyGuard("k", Pay(2)).claim_joined(unit.session)


async def test_a_command_that_sends_itself_with_its_own_key_is_in_progress(engine: AsyncEngine) -> None:
    async with UnitOfWork(engine) as unit:
        await IdempotencyGuard("k", Pay()).claim(unit.session)
        with pytest.raises(IdempotencyInProgressError) as raised:
            await IdempotencyGuard("k", Pay()).claim_joined(unit.session)
        assert raised.value.__cause__ is None


async def test_a_joined_command_whose_snapshot_is_older_than_its_twin_fails_to_serialize(engine: AsyncEngine) -> None:
    bind = engine.execution_options(isolation_level="REPEATABLE READ")
    with pytest.raises(DBAPIError) as raised:
        async with UnitOfWork(bind) as unit:
            assert await unit.session.scalar(text("SELECT 1")) == 1
            await send(engine, Pay(), "k", answer)
            await IdempotencyGuard("k", Pay()).claim_joined(unit.session)
    assert getattr(raised.value.orig, "sqlstate", None) == "40001"


async def test_a_row_that_is_gone_when_it_is_read_is_claimed_anew(engine: AsyncEngine) -> None:
    """Nobody can time a purge between two statements, so the first reads of a real row find nothing."""
    guard, reads = IdempotencyGuard("k", Pay()), 0
    await send(engine, Pay(), "k", answer)
    read = guard._rows.read

    def late(connection: object) -> object:
        nonlocal reads
        reads += 1
        return None if reads < 3 else read(connection)

    guard._rows.read = late
    async with UnitOfWork(engine) as unit:
        assert await guard.claim_joined(unit.session) == Stored(RECEIPT)
    assert reads == 3


async def test_an_attempt_is_made_again_while_the_row_of_its_twin_comes_and_goes(engine: AsyncEngine) -> None:
    attempts: list[None] = []
    guard = IdempotencyGuard("k", Pay())

    async def attempt() -> Receipt:
        attempts.append(None)
        raise AlreadyClaimed

    with pytest.raises(IdempotencyInProgressError) as raised:
        await once(guard, engine, attempt)
    assert len(attempts) == 5
    assert isinstance(raised.value.__cause__, AlreadyClaimed)


async def test_distinct_keys_never_conflict_under_serializable(engine: AsyncEngine) -> None:
    bind = engine.execution_options(isolation_level="SERIALIZABLE")
    first, second, third = (IdempotencyGuard(key, Pay()) for key in ("1", "2", "3"))
    async with UnitOfWork(bind) as one, UnitOfWork(bind) as other:
        await first.claim(one.session)
        await first.keep(one.session, RECEIPT)
        await second.claim(other.session)
        await second.keep(other.session, RECEIPT)
        await third.claim(one.session)
        await third.keep(one.session, RECEIPT)
    assert [key for _, _, key in await keys(engine)] == ["1", "2", "3"]


async def test_tenants_that_map_their_schemas_share_the_keys(engine: AsyncEngine) -> None:
    tenant = engine.execution_options(schema_translate_map={"uow_events": "tenant", None: "tenant"})
    assert [await send(tenant, Pay(), "k", answer) for _ in range(2)] == [RECEIPT, RECEIPT]
    assert await keys(engine) == [("", "Pay", "k")]


async def test_a_schema_that_was_not_migrated_is_named(engine: AsyncEngine) -> None:
    guard = IdempotencyGuard("k", Pay(), schema="other")
    with pytest.raises(SchemaNotMigratedError) as raised:
        async with UnitOfWork(engine) as unit:
            await guard.claim(unit.session)
    assert raised.value.table == "other.idempotency_keys"
    assert "parameters hidden" in str(raised.value.__cause__)
    with pytest.raises(SchemaNotMigratedError):
        await guard.stored(engine)


async def test_another_schema_is_used_where_it_is_said(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text('CREATE SCHEMA "a b"'))
        table = tables("a b").idempotency_keys
        assert isinstance(table.metadata, MetaData)
        await connection.run_sync(table.create)
    guard = IdempotencyGuard("k", Pay(), schema="a b")
    async with UnitOfWork(engine) as unit:
        await guard.claim(unit.session)
        await guard.keep(unit.session, RECEIPT)
    assert await guard.stored(engine) == Stored(RECEIPT)
    assert await keys(engine) == []


async def test_another_database_than_postgresql_is_refused() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    with pytest.raises(UnsupportedBindError, match="idempotency keys need PostgreSQL and asyncpg"):
        async with UnitOfWork(engine) as unit:
            await IdempotencyGuard("k", Pay()).claim(unit.session)
    await engine.dispose()


async def test_a_stored_response_is_never_replaced(engine: AsyncEngine) -> None:
    guard = IdempotencyGuard("k", Pay())
    with pytest.raises(NoResultFound):
        async with UnitOfWork(engine) as unit:
            await guard.claim(unit.session)
            await guard.keep(unit.session, RECEIPT)
            await guard.keep(unit.session, Receipt(uuid4(), 2))
    assert await keys(engine) == []


async def test_a_claim_that_is_cancelled_while_it_waits_leaves_nothing(engine: AsyncEngine) -> None:
    async def with_a_twin(unit: UnitOfWork) -> Receipt:
        twin = asyncio.create_task(send(engine, Pay(), "k", answer))
        async with asyncio.timeout(20), engine.connect() as connection:
            while not await connection.scalar(
                text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid'")
            ):
                await connection.rollback()
        twin.cancel()
        with pytest.raises(asyncio.CancelledError):
            await twin
        return RECEIPT

    assert await send(engine, Pay(), "k", with_a_twin) == RECEIPT
