"""Sends inside of sends: what they share, and what becomes of each when the other fails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.conftest import App
from tests.integration.messages import Happened, Inner
from tests.models import Note
from tests.postgres.admin import assert_pool_clean
from uow_events import (
    Command,
    InvalidArgumentError,
    RequiresNewLimitError,
    RollbackOnlyError,
    TransactionOptions,
    UnitOfWork,
)


class Boom(Exception):
    pass


@dataclass(frozen=True)
class Fails(Command): ...


async def note(unit: UnitOfWork, text: str) -> None:
    unit.session.add(Note(text=text))
    await unit.session.flush()


@pytest.fixture
async def small(engine: AsyncEngine) -> AsyncIterator[App]:
    """An application whose pool gives out two connections."""
    small = create_async_engine(engine.url, pool_size=1, max_overflow=1)
    yield App(small)
    await assert_pool_clean(small)
    await small.dispose()


async def test_a_new_transaction_inside_of_another_is_committed_whatever_becomes_of_that(app: App) -> None:
    seen: list[str] = []

    async def inner(unit: UnitOfWork) -> object:
        await note(unit, "inner")
        unit.record(Happened("inner"))
        return "answer"

    async def outer(unit: UnitOfWork) -> object:
        await note(unit, "outer")
        assert await app.mediator.send(Inner(), propagation="requires_new") == "answer"
        seen.append("after inner")
        assert await app.notes() == ["inner", "event"]
        raise Boom

    @app.registry.event_handler
    async def handle(event: Happened, unit: UnitOfWork) -> None:
        seen.append(event.name)
        await note(unit, "event")

    app.bodies[Inner] = inner
    with pytest.raises(Boom):
        await app.run(outer)
    assert await app.notes() == ["inner", "event"]
    assert seen == ["inner", "after inner"]


async def test_the_error_of_a_new_transaction_may_be_caught(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        await note(unit, "inner")
        raise Boom

    async def outer(unit: UnitOfWork) -> object:
        await note(unit, "outer")
        with pytest.raises(Boom):
            await app.mediator.send(Inner(), propagation="requires_new")
        return None

    app.bodies[Inner] = inner
    await app.run(outer)
    assert await app.notes() == ["outer"]


async def test_outside_of_a_transaction_a_new_one_is_like_any_other(app: App) -> None:
    app.bodies[Inner] = lambda unit: note(unit, "alone")
    await app.mediator.send(Inner(), propagation="requires_new")
    assert await app.notes() == ["alone"]


async def test_a_nested_command_may_fail_alone(app: App) -> None:
    """Its writes, records and callbacks are undone; the outer handler catches the error and goes on."""
    called: list[str] = []

    async def inner(unit: UnitOfWork) -> object:
        await note(unit, "inner")
        unit.record(Happened("inner"))
        unit.after_commit(lambda: called.append("inner"))
        raise Boom

    async def outer(unit: UnitOfWork) -> object:
        await note(unit, "outer")
        unit.record(Happened("outer"))
        unit.after_commit(lambda: called.append("outer"))
        with pytest.raises(Boom):
            await app.mediator.send(Inner(), propagation="nested")
        return "answer"

    @app.registry.event_handler
    async def handle(event: Happened) -> None:
        called.append(f"heard {event.name}")

    app.bodies[Inner] = inner
    assert await app.run(outer) == "answer"
    assert await app.notes() == ["outer"]
    assert called == ["heard outer", "outer"]


async def test_a_nested_command_that_succeeds_is_a_part_of_the_whole(app: App) -> None:
    async def outer(unit: UnitOfWork) -> object:
        await app.mediator.send(Inner(), propagation="nested")
        raise Boom

    app.bodies[Inner] = lambda unit: note(unit, "inner")
    with pytest.raises(Boom):
        await app.run(outer)
    await app.assert_nothing_stored()


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03"])
async def test_what_no_savepoint_makes_good_rolls_the_outer_command_back(app: App, sqlstate: str) -> None:
    """Trap 29."""

    async def inner(unit: UnitOfWork) -> object:
        return await unit.session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$"))

    async def outer(unit: UnitOfWork) -> object:
        await note(unit, "outer")
        with pytest.raises(DBAPIError):
            await app.mediator.send(Inner(), propagation="nested")
        return None

    app.bodies[Inner] = inner
    with pytest.raises(RollbackOnlyError) as caught:
        await app.run(outer)
    assert isinstance(caught.value.__cause__, DBAPIError)
    await app.assert_nothing_stored()


async def test_what_inner_callbacks_send_does_not_join_the_outer_command(app: App) -> None:
    """The inner transaction has ended; a failure there is logged, and is none of the outer one's business."""
    sent: list[BaseException] = []

    async def inner(unit: UnitOfWork) -> object:
        unit.after_commit(lambda: app.mediator.send(Fails()))
        return None

    async def outer(unit: UnitOfWork) -> object:
        await note(unit, "outer")
        return await app.mediator.send(Inner(), propagation="requires_new")

    @app.registry.command_handler
    async def fails(command: Fails, unit: UnitOfWork) -> None:
        sent.append(Boom())
        raise sent[0]

    app.bodies[Inner] = inner
    await app.run(outer)
    assert len(sent) == 1
    assert await app.notes() == ["outer"]


async def test_an_inner_transaction_that_waits_for_the_outer_ones_row_ends(app: App) -> None:
    """PostgreSQL sees no deadlock, since the outer one waits in Python: the inner one has a lock timeout."""
    limits: list[str] = []

    async def inner(unit: UnitOfWork) -> object:
        limits.append(await unit.session.scalar(text("SHOW lock_timeout")))
        await unit.session.execute(text("SET LOCAL lock_timeout = '10ms'"))
        return await unit.session.execute(text("UPDATE note SET text = 'inner'"))

    async def outer(unit: UnitOfWork) -> object:
        await unit.session.execute(text("UPDATE note SET text = 'outer'"))
        return await app.mediator.send(Inner(), propagation="requires_new")

    async with UnitOfWork(app.engine) as unit:
        await note(unit, "before")
    app.bodies[Inner] = inner
    with pytest.raises(DBAPIError) as caught:
        await app.run(outer)
    assert caught.value.orig.sqlstate == "55P03"
    assert limits == ["5s"]


@pytest.mark.parametrize(
    ("own", "limit"),
    [
        (TransactionOptions(lock_timeout=None), "0"),
        (TransactionOptions(lock_timeout=timedelta(seconds=1)), "1s"),
        (TransactionOptions(timeout=timedelta(seconds=4)), "2s"),
    ],
)
async def test_the_lock_timeout_of_inner_transactions_can_be_chosen(
    app: App, own: TransactionOptions, limit: str
) -> None:
    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Inner(), propagation="requires_new")

    app.options["transaction"] = own
    app.bodies[Inner] = lambda unit: unit.session.scalar(text("SHOW lock_timeout"))
    assert await app.run(outer) == limit


async def test_a_frozen_exception_leaves_every_kind_of_send_as_it_is(app: App) -> None:
    @dataclass(frozen=True)
    class Frozen(Exception):
        name: str

    async def inner(unit: UnitOfWork) -> object:
        raise Frozen("mine")

    app.bodies[Inner] = inner
    for propagation in ("join", "nested", "requires_new"):

        async def outer(unit: UnitOfWork, propagation: Any = propagation) -> object:
            return await app.mediator.send(Inner(), propagation=propagation)

        with pytest.raises(Frozen):
            await app.run(outer)


async def test_an_unknown_propagation_is_refused(app: App) -> None:
    propagation: Any = "mandatory"
    with pytest.raises(InvalidArgumentError) as caught:
        await app.mediator.send(Inner(), propagation=propagation)
    assert str(caught.value) == (
        "The argument propagation must be 'join', 'nested' or 'requires_new', and is 'mandatory'"
    )


async def test_the_pool_never_runs_dry_for_good(small: App) -> None:
    """Two units on a pool of two would each wait for a second connection: the second of them is refused instead."""
    both_hold_one = asyncio.Barrier(2)

    async def outer(unit: UnitOfWork) -> object:
        await note(unit, f"outer {id(unit)}")
        await both_hold_one.wait()
        return await small.mediator.send(Inner(), propagation="requires_new")

    small.bodies[Inner] = lambda unit: note(unit, f"inner {id(unit)}")
    async with asyncio.timeout(20):
        answers = await asyncio.gather(small.run(outer), small.run(outer), return_exceptions=True)
    (refused,) = [answer for answer in answers if isinstance(answer, BaseException)]
    assert isinstance(refused, RequiresNewLimitError)
    assert str(refused) == (
        'Inner with propagation="requires_new" was not begun: 1 transaction(s) of this mediator hold a connection '
        "already while they wait for an inner one, and with more of them the pool could run dry for good. Send it "
        "again, raise pool_size, or send it after the outer commit"
    )
    assert len(await small.notes()) == 2
    both_hold_one = asyncio.Barrier(1)
    await small.run(outer)


async def test_the_limit_can_be_set_lower(app: App) -> None:
    app.options["max_requires_new"] = 0

    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Inner(), propagation="requires_new")

    with pytest.raises(RequiresNewLimitError):
        await app.run(outer)


async def test_a_pool_without_a_limit_needs_none(engine: AsyncEngine) -> None:
    unlimited = create_async_engine(engine.url, max_overflow=-1)
    app = App(unlimited)

    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Inner(), propagation="requires_new")

    app.bodies[Inner] = lambda unit: note(unit, "inner")
    await app.run(outer)
    assert await app.notes() == ["inner"]
    await unlimited.dispose()
