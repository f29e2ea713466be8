"""Work that is undone by itself: what propagation="nested" stands on (traps 6, 28, 29, 30)."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.integration.conftest import App
from tests.integration.messages import Followed, Inner, Told
from tests.integration.policies import CONFLICT, execute, note
from tests.models import Meeting
from uow_events import RollbackOnlyError, UnitOfWork
from uow_events.unit_of_work import undoable

ADVICE = "so everything was rolled back. Let the error pass"


async def test_the_outer_handler_goes_on_after_a_nested_send_failed(app: App) -> None:
    heard: list[str] = []

    @app.registry.event_handler
    async def followed(event: Followed) -> None:
        heard.append(event.name)

    async with app.mediator.unit_of_work() as unit:
        unit.session.add(stored := Meeting(seats=1, title="old"))

    async def inner(unit: UnitOfWork) -> object:
        (await unit.session.get_one(Meeting, stored.id)).title = "changed"
        await note(unit, "half")
        unit.record(Followed("undone"), Told("undone"))
        raise LookupError

    async def body(unit: UnitOfWork) -> object:
        meeting = await unit.session.get_one(Meeting, stored.id)
        unit.record(Followed("before"))
        with suppress(LookupError):
            async with undoable(unit, with_session=True):
                await app.mediator.send(Inner())
        unit.record(Followed("after"))
        await note(unit, "after")
        return meeting.title

    app.bodies[Inner] = inner
    assert await app.run(body) == "old"
    assert heard == ["before", "after"]
    assert await app.notes() == ["after"]
    assert await app.outbox() == []


async def test_a_nested_send_that_succeeds_is_kept_and_flushed(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        unit.session.add(Meeting(seats=7))
        unit.record(Told("kept"))
        return "answer"

    async def body(unit: UnitOfWork) -> object:
        async with undoable(unit, with_session=True):
            await app.mediator.send(Inner())
        assert not unit.session.new
        return await unit.session.scalar(text("SELECT seats FROM meeting"))

    app.bodies[Inner] = inner
    assert await app.run(body) == 7
    assert await app.outbox() == ["kept"]


@pytest.mark.parametrize("is_raised_again", [False, True])
async def test_a_conflict_in_a_nested_send_lets_the_unit_only_roll_back(app: App, is_raised_again: bool) -> None:
    """Trap 29; and no savepoint around that one lifts it."""

    async def inner(unit: UnitOfWork) -> object:
        await execute(unit, CONFLICT)
        return None

    async def middle(unit: UnitOfWork) -> object:
        with suppress(DBAPIError):
            async with undoable(unit, with_session=True, name="A nested send of Inner"):
                await app.mediator.send(Inner())
        if is_raised_again:
            raise KeyError
        return None

    async def body(unit: UnitOfWork) -> object:
        with suppress(KeyError):
            async with undoable(unit, with_session=True):
                await middle(unit)
        return None

    app.bodies[Inner] = inner
    with pytest.raises(RollbackOnlyError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        "A nested send of Inner failed inside this transaction and its error was caught: no savepoint makes good what "
        f"it says of the transaction, {ADVICE}"
    )
    assert isinstance(raised.value.__cause__, DBAPIError)


async def test_a_joined_send_that_failed_is_forgotten_with_the_savepoint_that_undid_it(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        await note(unit, "half")
        raise LookupError

    async def body(unit: UnitOfWork) -> object:
        with suppress(KeyError):
            async with unit.session.begin_nested():
                with suppress(LookupError):
                    await app.mediator.send(Inner())
                raise KeyError
        return "answered"

    app.bodies[Inner] = inner
    assert await app.run(body) == "answered"
    assert await app.notes() == []


async def test_a_conflict_in_a_joined_send_is_not_forgotten_with_its_savepoint(app: App) -> None:
    """Trap 29, in a savepoint of the handler's own."""

    async def inner(unit: UnitOfWork) -> object:
        await execute(unit, CONFLICT)
        return None

    async def body(unit: UnitOfWork) -> object:
        with suppress(DBAPIError):
            async with unit.session.begin_nested():
                await app.mediator.send(Inner())
        return None

    app.bodies[Inner] = inner
    with pytest.raises(RollbackOnlyError):
        await app.run(body)


async def test_a_joined_send_that_failed_is_not_forgotten_where_its_savepoint_is_kept(app: App) -> None:
    """Trap 30, inside a savepoint."""

    async def inner(unit: UnitOfWork) -> object:
        await note(unit, "half")
        raise LookupError

    async def body(unit: UnitOfWork) -> object:
        async with undoable(unit, with_session=True):
            with suppress(LookupError):
                await app.mediator.send(Inner())
        return None

    app.bodies[Inner] = inner
    with pytest.raises(RollbackOnlyError):
        await app.run(body)
    assert await app.notes() == []


async def test_a_nested_send_may_be_given_up_by_a_timeout(app: App) -> None:
    started = asyncio.Event()

    async def inner(unit: UnitOfWork) -> object:
        await note(unit, "half")
        started.set()
        return await asyncio.Event().wait()

    async def body(unit: UnitOfWork) -> object:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as limit, undoable(unit, with_session=True):
                sending = asyncio.ensure_future(started.wait())
                sending.add_done_callback(lambda _: limit.reschedule(0))
                await app.mediator.send(Inner())
        await note(unit, "after")
        return "answered"

    app.bodies[Inner] = inner
    assert await app.run(body) == "answered"
    assert await app.notes() == ["after"]
