"""G7 on PostgreSQL: database handlers stay serial while others overlap (traps 3 and 8)."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util import greenlet_spawn

from tests.integration.conftest import App
from tests.integration.messages import Followed, Happened, Inner, MeetingOpened, Told
from tests.models import Meeting, Note
from uow_events import DomainEvent, Recorder, SessionOwnershipError, TransactionControlError, UnitOfWork


class Opened(DomainEvent):
    """Carries the mapped object itself."""

    def __init__(self, meeting: Meeting) -> None:
        self.meeting = meeting


@pytest.fixture
def app(app: App) -> App:
    app.options["max_concurrent_event_handlers"] = 4
    return app


async def attendances(meeting: Meeting) -> Any:
    """What `meeting.awaitable_attrs.attendances` of AsyncAttrs does."""
    return await greenlet_spawn(getattr, meeting, "attendances")


async def recording(unit: UnitOfWork) -> object:
    unit.record(Happened("1"), Followed("2"))
    return None


async def test_outside_calls_overlap_with_each_other_and_with_the_database(app: App) -> None:
    together = asyncio.Barrier(3)

    @app.registry.event_handler
    async def calls(event: Happened) -> None:
        await together.wait()

    @app.registry.event_handler
    async def calls_too(event: Followed, recorder: Recorder) -> None:
        await together.wait()
        recorder.record(Told("told"))

    @app.registry.event_handler
    async def writes(event: Happened, session: AsyncSession) -> None:
        session.add(Note(text="written"))
        await session.flush()
        await together.wait()

    async with asyncio.timeout(20):
        await app.run(recording)
    assert await app.notes() == ["written"]
    assert await app.outbox() == ["told"]


@pytest.mark.parametrize("carried", ["by id", "mapped"])
async def test_a_flush_and_a_changed_attribute_never_meet(app: App, carried: str) -> None:
    """Trap 8: the second write would be lost without an error, even with a lock around every session call.

    Handlers of a mapped instance ask for nothing, and still run alone.
    """
    inside: list[str] = []
    opened = MeetingOpened if carried == "by id" else Opened

    async def alone(name: str, work: Any) -> None:
        inside.append(name)
        assert inside == [name]
        await work
        assert inside == [name]
        inside.remove(name)

    if carried == "by id":

        @app.registry.event_handler(MeetingOpened)
        async def flushes(event: MeetingOpened, session: AsyncSession) -> None:
            meeting = await session.get_one(Meeting, event.meeting_id)
            meeting.seats = 2
            await alone("flush", session.flush())

        @app.registry.event_handler(MeetingOpened)
        async def sets(event: MeetingOpened, session: AsyncSession) -> None:
            meeting = await session.get_one(Meeting, event.meeting_id)
            await alone("set", asyncio.sleep(0))
            meeting.title = "changed"

    else:

        @app.registry.event_handler(Opened)
        async def awaits(event: Opened) -> None:
            event.meeting.seats = 2
            await alone("await", attendances(event.meeting))

        @app.registry.event_handler(Opened)
        async def changes(event: Opened) -> None:
            await alone("set", asyncio.sleep(0))
            event.meeting.title = "changed"

    async def body(unit: UnitOfWork) -> object:
        meeting = Meeting(seats=1)
        unit.session.add(meeting)
        await unit.session.flush()
        unit.record(opened(meeting.id if carried == "by id" else meeting))  # type: ignore[arg-type]
        return meeting.id

    id = await app.run(body)
    async with app.mediator.unit_of_work() as unit:
        meeting = await unit.session.get_one(Meeting, id)
        assert (meeting.seats, meeting.title) == (2, "changed")


@pytest.mark.parametrize("way", ["statement", "add", "savepoint", "awaited attribute", "connection"])
async def test_a_session_that_was_not_asked_for_is_refused(app: App, way: str) -> None:
    """Whether or not another handler runs at the time: the answer is the same each time."""
    known: dict[str, Any] = {}

    @app.registry.event_handler
    async def sneaks(event: Happened) -> None:
        session, meeting = known["session"], known["meeting"]
        if way == "statement":
            await session.execute(text("SELECT 1"))
        elif way == "add":
            session.add(Note(text="x"))
        elif way == "savepoint":
            await session.begin_nested()
        elif way == "awaited attribute":
            await attendances(meeting)
        else:
            await session.connection()

    async def body(unit: UnitOfWork) -> object:
        known.update(session=unit.session, meeting=Meeting(seats=1))
        unit.session.add(known["meeting"])
        await unit.session.flush()
        unit.session.expire(known["meeting"], ["attendances"])
        return await recording(unit)

    with pytest.raises(SessionOwnershipError) as raised:
        await app.run(body)
    assert "was called by" in str(raised.value)
    assert "sneaks, but event handlers run concurrently, and nobody holds the session" in str(raised.value)
    await app.assert_nothing_stored()


async def test_a_commit_out_of_turn_dooms_the_unit_of_work_even_if_it_is_caught(app: App) -> None:
    """G5."""
    units: list[UnitOfWork] = []

    @app.registry.event_handler
    async def commits(event: Happened) -> None:
        with suppress(TransactionControlError):
            await units[0].session.commit()

    async def body(unit: UnitOfWork) -> object:
        units.append(unit)
        unit.session.add(Note(text="x"))
        return await recording(unit)

    with pytest.raises(TransactionControlError):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_sends_inside_handlers_take_the_turn(app: App) -> None:
    """By a mediator that no constructor shows: each joined command runs alone on the session."""
    app.options["max_concurrent_event_handlers"] = 2
    together, running, names = asyncio.Barrier(2), list[str](), iter(("first", "second"))

    async def inner(unit: UnitOfWork) -> object:
        assert running == []
        running.append("inner")
        unit.session.add(Note(text=next(names)))
        await unit.session.flush()
        running.clear()
        unit.record(Told("inner"))
        return None

    @app.registry.event_handler
    async def sends(event: Happened) -> None:
        await together.wait()
        await asyncio.gather(app.mediator.send(Inner()), app.mediator.send(Inner()))

    @app.registry.event_handler
    async def opens(event: Happened, recorder: Recorder) -> None:
        await together.wait()
        async with app.mediator.unit_of_work() as unit:
            assert running == []
            unit.session.add(Note(text="opened"))
            await unit.session.flush()

    @app.registry.event_handler
    async def holds(event: Followed, session: AsyncSession) -> None:
        assert running == []
        session.add(Note(text="held"))

    app.bodies[Inner] = inner
    async with asyncio.timeout(20):
        await app.run(recording)
    assert sorted(await app.notes()) == ["first", "held", "opened", "second"]
    assert await app.outbox() == ["inner", "inner"]
