"""Recording: nothing lost, nothing twice, nothing in another's transaction (traps 1, 6, 16, 17, 18, 27, 28)."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import lagom
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tests.integration.conftest import App
from tests.integration.messages import Do, Followed, Happened, MeetingOpened, Told
from tests.models import Attendance, Meeting, Note
from uow_events import (
    AggregateRoot,
    Command,
    CommandHandler,
    DomainEvent,
    EventHandler,
    Mediator,
    NotAMessageError,
    NoUnitOfWorkError,
    Recorder,
    Registry,
    UnattachedAggregateError,
    UnitOfWork,
    UnitOfWorkClosedError,
    UnprocessedEventsError,
)


@pytest.fixture
def heard(app: App) -> list[str]:
    """The names of the Happened events that were handled, in order."""
    names: list[str] = []

    @app.registry.event_handler
    def hears(event: Happened) -> None:
        names.append(event.name)

    return names


async def stored_meeting(app: App, **values: Any) -> Meeting:
    async with UnitOfWork(app.engine) as unit:
        meeting = Meeting(id=uuid4(), seats=3, **values)
        unit.session.add(meeting)
    return meeting


async def test_records_of_forgotten_aggregates_are_kept(app: App, heard: list[str]) -> None:
    """Trap 1: the identity map is weak."""

    async def body(unit: UnitOfWork) -> object:
        meeting = Meeting(seats=1)
        unit.session.add(meeting)
        meeting.record(Happened("new"))
        await unit.session.flush()
        del meeting
        gc.collect()
        return None

    await app.run(body)
    assert heard == ["new"]


async def test_records_of_deleted_changed_and_loaded_aggregates_are_kept(app: App, heard: list[str]) -> None:
    ids = [(await stored_meeting(app)).id for _ in range(3)]

    async def body(unit: UnitOfWork) -> object:
        for number, id in enumerate(ids):
            meeting = await unit.session.get_one(Meeting, id)
            meeting.record(Happened(f"{number}"))
            if number == 0:
                await unit.session.delete(meeting)
            if number == 1:
                meeting.seats -= 1
            await unit.session.flush()
            del meeting
            gc.collect()
        return None

    await app.run(body)
    assert heard == ["0", "1", "2"]


async def test_records_of_merged_aggregates_are_taken(app: App, heard: list[str]) -> None:
    """Trap 18: merged, with what came along by cascade, whether they recorded before or inside."""
    stored = await stored_meeting(app)
    detached = Meeting(id=stored.id, seats=9)
    detached.record(Happened("before"))
    along = Attendance(meeting_id=stored.id, who="me")
    along.record(Happened("along"))
    detached.attendances.append(along)

    async def body(unit: UnitOfWork) -> object:
        await unit.session.merge(detached)
        detached.record(Happened("inside"))
        return None

    await app.run(body)
    assert heard == ["before", "along", "inside"]
    assert detached.recorded_events == ()


async def test_merge_all_takes_records_too(app: App, heard: list[str]) -> None:
    stored = await stored_meeting(app)
    detached = Meeting(id=stored.id, seats=9)
    detached.record(Happened("before"))

    async def body(unit: UnitOfWork) -> object:
        if not hasattr(unit.session, "merge_all"):
            pytest.skip("merge_all came with SQLAlchemy 2.1")
        await unit.session.merge_all([detached])
        return None

    await app.run(body)
    assert heard == ["before"]


async def test_what_an_object_recorded_outside_comes_with_it(app: App, heard: list[str]) -> None:
    meeting = Meeting(seats=1)
    meeting.record(Happened("outside"))
    assert meeting.recorded_events == (Happened("outside"),)

    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened("first"))
        unit.session.add(meeting)
        meeting.record(Happened("inside"))
        assert meeting.recorded_events == ()
        return None

    await app.run(body)
    assert heard == ["first", "outside", "inside"]


async def never_added(unit: UnitOfWork, elsewhere: AsyncSession) -> object:
    meeting = Meeting(seats=1)
    meeting.record(Happened())
    return meeting


async def expunged(unit: UnitOfWork, elsewhere: AsyncSession) -> object:
    meeting = Meeting(seats=1)
    unit.session.add(meeting)
    meeting.record(Happened())
    unit.session.expunge(meeting)
    return meeting


async def unmapped(unit: UnitOfWork, elsewhere: AsyncSession) -> object:
    class Plain(AggregateRoot):
        pass

    plain = Plain()
    plain.record(Happened())
    return plain


async def of_another_session(unit: UnitOfWork, elsewhere: AsyncSession) -> object:
    meeting = Meeting(seats=1)
    elsewhere.add(meeting)
    meeting.record(Happened())
    return meeting


UNATTACHED: dict[Callable[..., Any], tuple[str, str]] = {
    never_added: ("Meeting", "it was never added"),
    expunged: ("Meeting", "it was never added"),
    unmapped: ("Plain", "its class is not mapped, so that no session stores it"),
    of_another_session: ("Meeting", "it belongs to another session"),
}


@pytest.mark.parametrize("way", UNATTACHED, ids=lambda way: way.__name__)
async def test_an_unattached_aggregate_is_an_error_never_silence(app: App, heard: list[str], way: Any) -> None:
    """Trap 18."""
    name, problem = UNATTACHED[way]
    async with AsyncSession(app.engine) as elsewhere:

        async def body(unit: UnitOfWork) -> object:
            unit.session.add(Note(text="x"))
            return await way(unit, elsewhere)

        with pytest.raises(UnattachedAggregateError) as raised:
            await app.run(body)
        elsewhere.expunge_all()
    assert str(raised.value) == (
        f"{name} recorded an event, but {problem}: add, load or merge it in this unit of work's session, "
        "or record the event through the handler. Everything was rolled back"
    )
    await app.assert_nothing_stored()


async def test_what_a_rolled_back_savepoint_recorded_is_discarded(app: App, heard: list[str]) -> None:
    """Trap 6: phantoms; with nesting, callbacks and aggregates."""
    ran: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        meeting = Meeting(seats=1)
        unit.session.add(meeting)
        with suppress(KeyError):
            async with unit.session.begin_nested():
                unit.record(Happened("undone"))
                Meeting(seats=2).record(Happened("undone and unattached"))
                unit.after_commit(lambda: ran.append("undone"))
                async with unit.session.begin_nested():
                    unit.record(Happened("released inside"), Told("undone"))
                raise KeyError
        async with unit.session.begin_nested():
            unit.record(Happened("kept"), Told("kept"))
            unit.after_commit(lambda: ran.append("kept"))
        return None

    await app.run(body)
    assert heard == ["kept"]
    assert ran == ["kept"]
    assert await app.outbox() == ["kept"]


async def test_a_notification_emitted_before_its_savepoint_rolled_back_is_not_written(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        savepoint = await unit.session.begin_nested()
        unit.record(Told("undone"))

        async def undo() -> None:
            await savepoint.rollback()

        unit.before_commit(undo)
        return None

    await app.run(body)
    assert await app.outbox() == []


async def test_records_return_to_an_object_whose_savepoint_rolled_back(app: App, heard: list[str]) -> None:
    """Trap 27: added inside a savepoint that rolled back, then added again."""
    meeting = Meeting(seats=1)
    meeting.record(Happened("once"))

    async def body(unit: UnitOfWork) -> object:
        savepoint = await unit.session.begin_nested()
        unit.session.add(meeting)
        await unit.session.flush()
        await savepoint.rollback()
        assert meeting.recorded_events == (Happened("once"),)
        unit.session.add(meeting)
        return None

    await app.run(body)
    assert heard == ["once"]


async def test_records_return_to_an_object_whose_unit_rolled_back(app: App, heard: list[str]) -> None:
    meeting = Meeting(seats=1)
    meeting.record(Happened("once"))
    for attempt in range(2):

        async def body(unit: UnitOfWork, attempt: int = attempt) -> object:
            unit.session.add(meeting)
            if attempt == 0:
                raise KeyError
            return None

        with suppress(KeyError):
            await app.run(body)
    assert heard == ["once"]


async def test_attributes_are_readable_after_a_savepoint_rolled_back(app: App) -> None:
    """Trap 28: no MissingGreenlet, for columns and for relationships that were loaded."""
    stored = await stored_meeting(app, title="old")

    async def body(unit: UnitOfWork) -> object:
        meeting = await unit.session.get_one(Meeting, stored.id)
        untouched = Note(text="new")
        unit.session.add(untouched)
        await unit.session.refresh(meeting, ["attendances"])
        with suppress(KeyError):
            async with unit.session.begin_nested():
                meeting.title = "changed"
                unit.session.add(Attendance(meeting=meeting, who="me"))
                await unit.session.flush()
                raise KeyError
        return meeting.title, meeting.attendances, meeting.seats, untouched.text

    assert await app.run(body) == ("old", [], 3, "new")


async def test_attributes_are_readable_after_a_savepoint_inside_of_another_could_not_be_released(app: App) -> None:
    stored = await stored_meeting(app, title="old")

    async def body(unit: UnitOfWork) -> object:
        meeting = await unit.session.get_one(Meeting, stored.id)
        with suppress(DBAPIError):
            async with unit.session.begin_nested(), unit.session.begin_nested():
                meeting.title = "changed"
                await unit.session.flush()
                with suppress(DBAPIError):
                    await unit.session.execute(text("SELECT 1 / 0"))
        return meeting.title

    assert await app.run(body) == "old"


async def test_attributes_are_readable_after_a_flush_failed_in_a_savepoint(app: App) -> None:
    stored = await stored_meeting(app, title="old")

    async def body(unit: UnitOfWork) -> object:
        meeting = await unit.session.get_one(Meeting, stored.id)
        unit.session.add(Note(text="twice"))
        with suppress(Exception):
            async with unit.session.begin_nested():
                meeting.title = "changed"
                unit.session.add(Note(text="twice"))
                await unit.session.flush()
        return meeting.title

    assert await app.run(body) == "old"


async def test_an_object_deleted_by_others_meanwhile_is_left_alone(app: App) -> None:
    stored = await stored_meeting(app, title="old")

    async def body(unit: UnitOfWork) -> object:
        meeting = await unit.session.get_one(Meeting, stored.id)
        savepoint = await unit.session.begin_nested()
        meeting.title = "changed"
        await savepoint.rollback()
        return meeting.title

    async with app.engine.begin() as connection:
        await connection.execute(text("SELECT 1"))
    assert await app.run(body) == "old"


async def test_callables_build_events_after_the_flush_in_the_sessions_greenlet(app: App, heard: list[str]) -> None:
    """Trap 28: generated keys and `onupdate` columns, which a flush expires."""
    stored = await stored_meeting(app)

    async def body(unit: UnitOfWork) -> object:
        note = Note(text="n")
        unit.session.add(note)
        meeting = await unit.session.get_one(Meeting, stored.id)
        meeting.seats -= 1
        unit.record(lambda: Happened(f"note {note.id}"))
        meeting.record(lambda: Happened(f"changed {meeting.changed_at is not None}"))
        return None

    await app.run(body)
    assert heard == ["note 1", "changed True"]


async def test_a_callable_that_builds_no_event_is_an_error(app: App) -> None:
    async def coroutine() -> Happened:
        return Happened()

    for wrong in (lambda: "no event", coroutine):

        async def body(unit: UnitOfWork, wrong: Any = wrong) -> object:
            unit.session.add(Note(text="x"))
            unit.record(wrong)
            return None

        with pytest.raises(NotAMessageError, match="is not an event"):
            await app.run(body)
    await app.assert_nothing_stored()


async def test_a_class_in_place_of_an_event_is_an_error(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened)
        return None

    with pytest.raises(NotAMessageError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        "the class Happened is not an event (DomainEvent or NotificationEvent) or a callable that builds one; "
        "derive its class from it and pass an instance"
    )


async def test_a_callable_outside_of_a_unit_is_refused() -> None:
    with pytest.raises(NoUnitOfWorkError):
        Meeting(seats=1).record(lambda: Happened())


@dataclass(frozen=True)
class Count(Command[tuple[str, ...]]):
    name: str


async def test_a_handler_instance_shared_by_running_sends_keeps_them_apart(engine: AsyncEngine) -> None:
    """Trap 17: a singleton handler never leaks or repeats a record."""
    registry = Registry()
    gate = asyncio.Barrier(2)
    heard: list[tuple[str, str]] = []

    @registry.command_handler
    class Shared(CommandHandler[Count, tuple[str, ...]]):
        async def handle(self, command: Count) -> tuple[str, ...]:
            await gate.wait()
            self.record(Happened(command.name))
            await gate.wait()
            self.record(Happened(command.name))
            await gate.wait()
            return tuple(event.name for event in self.events)  # type: ignore[union-attr]

    @registry.event_handler
    class Hears(EventHandler[Happened]):
        def __init__(self, recorder: Recorder) -> None:
            self.recorder = recorder

        async def handle(self, event: Happened) -> None:
            self.record(Followed(event.name))

    @registry.event_handler
    async def follows(event: Followed, unit: UnitOfWork) -> None:
        heard.append((event.name, str(unit.context.message_id)))

    container = lagom.Container()
    container[Shared] = lagom.Singleton(Shared)
    mediator = Mediator(engine, registry, container=container)
    answers = await asyncio.gather(mediator.send(Count("a")), mediator.send(Count("b")))
    assert answers == [("a", "a"), ("b", "b")]
    assert sorted(name for name, _ in heard) == ["a", "a", "b", "b"]
    assert len(set(heard)) == 2
    assert len({message for _, message in heard}) == 2
    assert (await asyncio.gather(mediator.send(Count("c")), mediator.send(Count("d"))))[0] == ("c", "c")


async def test_recording_after_the_end_is_refused(app: App) -> None:
    kept: list[UnitOfWork] = []
    late: list[asyncio.Task[None]] = []
    end = asyncio.Event()

    class Late(EventHandler[Happened]):
        async def handle(self, event: Happened) -> None:
            late.append(asyncio.create_task(self.later()))

        async def later(self) -> None:
            await end.wait()
            self.record(Followed("late"))

    app.registry.event_handler(Late)

    async def body(unit: UnitOfWork) -> object:
        kept.append(unit)
        unit.record(Happened())
        return None

    await app.run(body)
    end.set()
    with pytest.raises(UnitOfWorkClosedError, match=r"Late.record\(\) was used, but its unit of work has ended"):
        await late[0]
    with pytest.raises(UnitOfWorkClosedError):
        kept[0].record(Happened())
    with pytest.raises(UnitOfWorkClosedError):
        kept[0].after_commit(lambda: None)


async def test_an_aggregate_in_a_task_that_outlived_its_unit_keeps_its_records(app: App) -> None:
    late: list[asyncio.Task[Meeting]] = []
    end = asyncio.Event()

    async def later() -> Meeting:
        await end.wait()
        meeting = Meeting(seats=1)
        meeting.record(Happened("late"))
        return meeting

    async def body(unit: UnitOfWork) -> object:
        late.append(asyncio.create_task(later()))
        return None

    await app.run(body)
    end.set()
    assert (await late[0]).recorded_events == (Happened("late"),)


async def test_events_without_a_processor_are_an_error(engine: AsyncEngine) -> None:
    with pytest.raises(UnprocessedEventsError) as raised:
        async with UnitOfWork(engine) as unit:
            unit.record(Happened(), Followed())
    assert str(raised.value) == (
        "Followed, Happened recorded in a unit of work without an event processor would be lost: pass pipeline=, "
        "or use mediator.unit_of_work(). Everything was rolled back"
    )


async def test_a_message_class_built_twice_keeps_its_topic_and_its_handlers(app: App) -> None:
    """Trap 16: @dataclass(slots=True) builds the class a second time, without keywords."""

    @dataclass(frozen=True, slots=True)
    class Opened(MeetingOpened):
        pass

    heard: list[DomainEvent] = []

    @app.registry.event_handler(Opened)
    def hears(event: Opened) -> None:
        heard.append(event)

    event = Opened(uuid4())

    async def body(unit: UnitOfWork) -> object:
        unit.record(event)
        unit.record(Told("slots"))
        return None

    await app.run(body)
    assert heard == [event]
    assert await app.outbox() == ["slots"]
    assert Do().what == ""
