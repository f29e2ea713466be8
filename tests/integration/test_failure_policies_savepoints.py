"""G12: the savepoint of a failure policy among other savepoints, statements, handlers and sends."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.conftest import App
from tests.integration.messages import Followed, Inner, Told
from tests.integration.policies import falls_back_to, happens, hears, note
from tests.integration.waiting import a_backend_waits
from tests.models import Note
from tests.postgres.admin import Admin
from tests.postgres.wire import tapped
from uow_events import UnitOfWork


@pytest.mark.parametrize("fails", [False, True])
async def test_savepoints_that_a_handler_left_open_share_its_fate(app: App, fails: bool) -> None:
    async def leaves_open(unit: UnitOfWork) -> None:
        await unit.session.begin_nested()
        await note(unit, "in the session's")
        connection = await unit.session.connection()
        await connection.begin_nested()
        await note(unit, "in the connection's")
        unit.record(Told("inside"))
        if fails:
            raise KeyError

    async def goes_on(unit: UnitOfWork) -> None:
        await note(unit, "after")

    hears(app, leaves_open)
    hears(app, goes_on)
    await happens(app)
    assert await app.notes() == ["after"] if fails else ["in the session's", "in the connection's", "after"]
    assert await app.outbox() == ([] if fails else ["inside"])


async def test_a_statement_in_flight_is_awaited_before_the_work_is_undone(app: App, admin: Admin) -> None:
    """Trap 3, for a policy's savepoint: a failing gather's sibling is still at work."""
    blocker = await app.engine.connect()
    await blocker.execute(text("LOCK TABLE attendance IN ACCESS EXCLUSIVE MODE"))
    outcome: list[object] = []

    async def slow(unit: UnitOfWork) -> None:
        outcome.append(await unit.session.scalar(text("SELECT count(*) FROM attendance")))

    async def raises() -> None:
        await a_backend_waits(admin, app)
        asyncio.get_running_loop().call_soon(lambda: asyncio.create_task(blocker.rollback()))
        raise KeyError

    async def fails(unit: UnitOfWork) -> None:
        await note(unit, "undone")
        await asyncio.gather(slow(unit), raises())

    async def goes_on(unit: UnitOfWork) -> None:
        await note(unit, "kept")

    hears(app, fails)
    hears(app, goes_on)
    await happens(app)
    assert outcome == [0]
    assert await app.notes() == ["kept"]
    await blocker.close()


async def test_the_failed_flush_of_another_handlers_changes_is_not_swallowed(app: App) -> None:
    async def leaves_pending(unit: UnitOfWork) -> None:
        unit.session.add_all([Note(text="twice"), Note(text="twice")])

    async def innocent(unit: UnitOfWork) -> None:
        raise AssertionError("never called")

    hears(app, leaves_pending, "rollback")
    hears(app, innocent)
    with pytest.raises(DBAPIError):
        await happens(app)
    await app.assert_nothing_stored()


async def test_a_failed_joined_send_is_undone_with_the_handler(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        await note(unit, "half")
        raise LookupError

    async def sends(unit: UnitOfWork) -> None:
        with suppress(LookupError):
            await app.mediator.send(Inner())
        raise KeyError

    async def kept(unit: UnitOfWork) -> None:
        await note(unit, "kept")

    app.bodies[Inner] = inner
    hears(app, sends, falls_back_to(kept))
    assert await happens(app) == "answered"
    assert await app.notes() == ["kept"]


async def test_a_handler_that_leaves_the_session_alone_costs_no_statement(engine: AsyncEngine) -> None:
    async def silent(unit: UnitOfWork) -> None:
        unit.record(Followed())

    async def fails(unit: UnitOfWork) -> None:
        raise KeyError

    async def writes(unit: UnitOfWork) -> None:
        await note(unit, "x")

    async with tapped(engine.url) as (url, wire):
        app = App(create_async_engine(url, pool_size=1))
        for body in (silent, fails):
            hears(app, body)
        await happens(app)
        assert wire.words == []
        app = App(app.engine)
        hears(app, writes)
        await happens(app)
        assert wire.words[-5:] == ["BEGIN", "SAVEPOINT", "INSERT", "RELEASE", "COMMIT"]
        await app.engine.dispose()
