"""G9: at most one committed execution per scope, command type and key; a repeated send gets the stored response."""

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.conftest import App
from tests.integration.idempotent import Forget, Pay, Receipt, Refund, keys, send
from tests.integration.messages import Told
from tests.integration.waiting import a_backend_waits
from tests.models import Note
from tests.postgres.admin import Admin, assert_pool_clean
from uow_events import (
    IdempotencyConflictError,
    IdempotencyInProgressError,
    IdempotencyKey,
    IdempotencyResponseError,
    TransactionAbortedError,
    UnitOfWork,
)

LEVELS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


class Boom(Exception):
    pass


class Till:
    """A handler that counts its runs, and leaves a note and an outbox row in each."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self, unit: UnitOfWork) -> Receipt:
        self.runs += 1
        unit.session.add(Note(text=f"run {self.runs}"))
        unit.record(Told("paid"))
        return Receipt(uuid4(), 1)


async def test_a_repeated_send_returns_the_stored_response_and_runs_nothing(app: App) -> None:
    pay = Till()
    first = await send(app.engine, Pay(), "k", pay)
    again = await send(app.engine, Pay(), "k", pay)
    assert (again, pay.runs) == (first, 1)
    assert (await app.notes(), await app.outbox()) == (["run 1"], ["paid"])


@pytest.mark.parametrize("level", LEVELS)
async def test_twenty_sends_of_one_key_at_once_run_one(app: App, level: str) -> None:
    pay = Till()
    sends = [send(app.engine, Pay(), "k", pay, isolation_level=level) for _ in range(20)]
    receipts = await asyncio.gather(*sends)
    assert (pay.runs, len(set(receipts))) == (1, 1)
    assert (await app.notes(), await app.outbox()) == (["run 1"], ["paid"])


@pytest.mark.parametrize("level", LEVELS)
async def test_when_the_first_fails_its_twin_runs(app: App, admin: Admin, level: str) -> None:
    pay = Till()

    async def fail(unit: UnitOfWork) -> Receipt:
        await pay(unit)
        await a_backend_waits(admin, app)
        raise Boom

    failing = asyncio.create_task(send(app.engine, Pay(), "k", fail, isolation_level=level))
    while not pay.runs:
        await asyncio.sleep(0)
    receipt = await send(app.engine, Pay(), "k", pay, isolation_level=level)
    with pytest.raises(Boom):
        await failing
    assert receipt.cents == 1
    assert await app.notes() == ["run 2"]


async def test_when_the_first_is_killed_its_twin_runs(app: App, admin: Admin) -> None:
    pay = Till()

    async def die(unit: UnitOfWork) -> Receipt:
        receipt = await pay(unit)
        await a_backend_waits(admin, app)
        await admin.kill(await unit.session.scalar(text("SELECT pg_backend_pid()")) or 0)
        await unit.session.execute(text("SELECT 1"))
        return receipt

    dying = asyncio.create_task(send(app.engine, Pay(), "k", die))
    while not pay.runs:
        await asyncio.sleep(0)
    await send(app.engine, Pay(), "k", pay)
    with pytest.raises(DBAPIError):
        await dying
    assert await app.notes() == ["run 2"]


async def test_a_failed_command_stores_nothing_and_may_run_again(app: App) -> None:
    async def fail(unit: UnitOfWork) -> Receipt:
        raise Boom

    with pytest.raises(Boom):
        await send(app.engine, Pay(), "k", fail)
    assert await keys(app.engine) == []
    await send(app.engine, Pay(), "k", Till())
    assert await keys(app.engine) == [("", "Pay", "k")]


async def test_scopes_and_command_types_do_not_see_each_other(app: App) -> None:
    pay = Till()
    receipts = [
        await send(app.engine, command, key, pay)
        for command in (Pay(), Refund())
        for key in ("k", IdempotencyKey("k", scope="a"), IdempotencyKey("k", scope="b"))
    ]
    assert (pay.runs, len(set(receipts))) == (6, 6)
    assert await keys(app.engine) == [
        (scope, command, "k") for scope in ("", "a", "b") for command in ("Pay", "Refund")
    ]


async def test_the_same_key_with_other_content_is_a_conflict(app: App) -> None:
    pay = Till()
    await send(app.engine, Pay(1), "k", pay)
    with pytest.raises(IdempotencyConflictError) as raised:
        await send(app.engine, Pay(2), IdempotencyKey("k"), pay)
    assert (raised.value.command, raised.value.key, pay.runs) == (Pay, "k", 1)


async def test_a_response_of_none_is_stored_too(app: App) -> None:
    runs: list[None] = []

    async def forget(unit: UnitOfWork) -> None:
        runs.append(None)

    assert [await send(app.engine, Forget(), "k", forget) for _ in range(2)] == [None, None]
    assert len(runs) == 1


async def test_a_handler_that_returns_something_else_is_rolled_back(app: App) -> None:
    async def lie(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="lie"))
        return {"cents": "one"}

    with pytest.raises(IdempotencyResponseError):
        await send(app.engine, Pay(), "k", lie)
    assert (await keys(app.engine), await app.notes()) == ([], [])


async def test_an_error_that_the_handler_swallowed_is_named_when_the_response_is_kept(app: App) -> None:
    async def swallow(unit: UnitOfWork) -> Receipt:
        with suppress(DBAPIError):
            await unit.session.execute(text("SELECT 1 / 0"))
        return Receipt(uuid4(), 1)

    with pytest.raises(TransactionAbortedError) as raised:
        await send(app.engine, Pay(), "k", swallow)
    assert isinstance(raised.value.__cause__, DBAPIError) and "division by zero" in str(raised.value.__cause__)


async def test_a_twin_waits_at_most_the_lock_timeout(engine: AsyncEngine) -> None:
    impatient = create_async_engine(engine.url, connect_args={"server_settings": {"lock_timeout": "20ms"}})
    pay = Till()

    async def with_a_twin(unit: UnitOfWork) -> Receipt:
        with pytest.raises(IdempotencyInProgressError) as raised:
            await send(impatient, Pay(), IdempotencyKey("k", scope="s"), pay)
        assert (raised.value.command, raised.value.key, raised.value.scope) == (Pay, "k", "s")
        assert getattr(getattr(raised.value.__cause__, "orig", None), "sqlstate", None) == "55P03"
        return Receipt(uuid4(), 1)

    await send(engine, Pay(), IdempotencyKey("k", scope="s"), with_a_twin)
    assert pay.runs == 0
    await assert_pool_clean(impatient)
    await impatient.dispose()


async def test_a_statement_timeout_that_is_shorter_ends_the_wait_just_as_well(engine: AsyncEngine) -> None:
    impatient = create_async_engine(engine.url, connect_args={"server_settings": {"statement_timeout": "20ms"}})

    async def with_a_twin(unit: UnitOfWork) -> Receipt:
        with pytest.raises(IdempotencyInProgressError) as raised:
            await send(impatient, Pay(), "k", Till())
        assert getattr(getattr(raised.value.__cause__, "orig", None), "sqlstate", None) == "57014"
        return Receipt(uuid4(), 1)

    await send(engine, Pay(), "k", with_a_twin)
    await impatient.dispose()
