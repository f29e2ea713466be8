"""Work that could not be undone, and work without the session."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.integration.conftest import App
from tests.integration.messages import Inner
from tests.integration.policies import note
from tests.integration.waiting import a_backend_waits
from tests.postgres.admin import Admin
from uow_events import RollbackOnlyError, UnitOfWork
from uow_events.messages import Invocation, running_invocation
from uow_events.unit_of_work import undoable

ADVICE = "so everything was rolled back. Let the error pass"


async def test_what_is_cancelled_while_it_is_undone_lets_the_unit_only_roll_back(app: App, admin: Admin) -> None:
    blocker = await app.engine.connect()
    await blocker.execute(text("LOCK TABLE attendance IN ACCESS EXCLUSIVE MODE"))
    siblings: list[asyncio.Task[object]] = []

    async def fails(unit: UnitOfWork) -> None:
        async with undoable(unit, with_session=True):
            siblings.append(asyncio.create_task(unit.session.scalar(text("SELECT count(*) FROM attendance"))))
            await a_backend_waits(admin, app)
            task = asyncio.current_task()
            assert task is not None
            asyncio.get_running_loop().call_soon(task.cancel)
            raise KeyError

    async def body(unit: UnitOfWork) -> object:
        with suppress(asyncio.CancelledError):
            await fails(unit)
        asyncio.current_task().uncancel()  # type: ignore[union-attr]
        await blocker.rollback()
        await asyncio.wait(siblings)
        return None

    with pytest.raises(RollbackOnlyError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        f"App._do failed inside this transaction and its error was caught: what it did could not be undone, {ADVICE}"
    )
    await blocker.close()


async def test_a_statement_that_never_ends_cannot_be_undone(app: App, admin: Admin) -> None:
    blocker = await app.engine.connect()
    await blocker.execute(text("LOCK TABLE attendance IN ACCESS EXCLUSIVE MODE"))
    siblings: list[asyncio.Task[object]] = []

    async def body(unit: UnitOfWork) -> object:
        with suppress(KeyError):
            async with undoable(unit, with_session=True, limit=timedelta(0)):
                siblings.append(asyncio.create_task(unit.session.scalar(text("SELECT count(*) FROM attendance"))))
                await a_backend_waits(admin, app)
                raise KeyError
        await blocker.rollback()
        await asyncio.wait(siblings)
        return None

    with pytest.raises(RollbackOnlyError):
        await app.run(body)
    await blocker.close()


async def test_without_the_session_a_scope_is_undone_and_nothing_is_sent(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        scopes: list[object] = []
        with Invocation("Happened", "handler", unit.sink) as invocation:
            with suppress(KeyError):
                async with (failed := undoable(unit, with_session=False)):
                    scopes.append(running_invocation().nearest_scope(unit.sink))  # type: ignore[union-attr]
                    raise KeyError
            async with undoable(unit, with_session=False):
                scopes.append(invocation.nearest_scope(unit.sink))
            assert invocation.nearest_scope(unit.sink) is None
        assert failed.is_survived
        return [scope.is_undone for scope in scopes]  # type: ignore[attr-defined]

    assert await app.run(body) == [True, False]


async def test_without_the_session_a_joined_send_cannot_be_undone(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        await note(unit, "stored by the session")
        return None

    async def body(unit: UnitOfWork) -> object:
        with suppress(KeyError), Invocation("Happened", "handler", unit.sink):
            async with undoable(unit, with_session=False):
                async with undoable(unit, with_session=False):
                    await app.mediator.send(Inner())
                raise KeyError
        return None

    app.bodies[Inner] = inner
    with pytest.raises(RollbackOnlyError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        f"handler failed inside this transaction and its error was caught: what it did could not be undone, {ADVICE}"
    )
    assert await app.notes() == []
