"""What one send costs, counted: statements on the wire, containers, objects left alive."""

import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from tests.integration.messages import Happened, Told
from tests.models import Meeting, Note
from tests.postgres.wire import Wire, tapped
from uow_events import Command, Mediator, Outbox, Recorder, Registry, UnitOfWork
from uow_events.container import LagomResolver


@dataclass(frozen=True, slots=True)
class Join(Command[int]):
    meeting: UUID
    events: int = 0
    notifications: int = 0


@dataclass(frozen=True, slots=True)
class DoNothing(Command):
    events: int = 0


registry = Registry()


@registry.command_handler
async def join(command: Join, session: AsyncSession, recorder: Recorder) -> int:
    meeting = await session.get_one(Meeting, command.meeting)
    meeting.seats -= 1
    for number in range(command.events):
        meeting.record(Happened(str(number)))
    for number in range(command.notifications):
        recorder.record(Told(str(number)))
    return meeting.seats


@registry.command_handler
async def do_nothing(command: DoNothing, recorder: Recorder) -> None:
    for number in range(command.events):
        recorder.record(Happened(str(number)))


@registry.event_handler
async def hears(happened: Happened) -> None:
    pass


@pytest.fixture
async def wired(database_url: URL) -> AsyncIterator[tuple[AsyncEngine, Wire]]:
    async with tapped(database_url) as (url, wire):
        engine = create_async_engine(url, pool_size=1)
        yield engine, wire
        await engine.dispose()


async def meeting_in(engine: AsyncEngine, seats: int = 100_000) -> UUID:
    async with UnitOfWork(engine) as unit:
        meeting = Meeting(id=uuid4(), seats=seats)
        unit.session.add(meeting)
    return meeting.id


@pytest.mark.parametrize(
    ("given", "insert"),
    [
        ({}, []),
        ({"events": 1}, []),
        ({"events": 100}, []),
        ({"notifications": 1}, ["WITH"]),
        ({"notifications": 3}, ["WITH"]),
        ({"notifications": 1000}, ["WITH"]),
    ],
)
async def test_statements_of_one_send(
    wired: tuple[AsyncEngine, Wire], given: dict[str, Any], insert: list[str]
) -> None:
    engine, wire = wired
    mediator = Mediator(engine, registry, notifications=Outbox())
    id = await meeting_in(engine)
    await mediator.send(Join(id, **given))  # the driver looks types up once per connection
    for _ in range(2):
        wire.clear()
        await mediator.send(Join(id, **given))
        assert wire.words == ["BEGIN", "SELECT", "UPDATE", *insert, "COMMIT"]


async def test_the_outbox_is_the_last_write(wired: tuple[AsyncEngine, Wire]) -> None:
    """Trap 11: its ids are taken while the row lock of the aggregate is held."""
    engine, wire = wired
    mediator = Mediator(engine, Registry(), notifications=Outbox())
    async with mediator.unit_of_work() as unit:
        unit.record(Told("first"))
    async with mediator.unit_of_work() as unit:
        wire.clear()
        unit.record(Told("x"))
        unit.session.add(Note(text="after the record"))
        unit.before_commit(lambda: unit.session.add(Note(text="before the commit")))
    assert wire.words == ["BEGIN", "INSERT", "INSERT", "WITH", "COMMIT"]
    assert "outbox" in wire.statements[-2]


async def test_a_send_that_touches_no_database_takes_no_connection(wired: tuple[AsyncEngine, Wire]) -> None:
    engine, wire = wired
    taken: list[object] = []
    event.listen(engine.sync_engine.pool, "checkout", lambda *args: taken.append(args))
    await Mediator(engine, registry).send(DoNothing(events=3))
    assert wire.statements == []
    assert taken == []


async def test_one_container_child_per_send(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    child = LagomResolver.child

    def counted(self: LagomResolver, instances: Any) -> Any:
        made.append(instances)
        return child(self, instances)

    monkeypatch.setattr(LagomResolver, "child", counted)
    mediator = Mediator(engine, registry, notifications=Outbox())
    id = await meeting_in(engine)
    made.clear()
    await mediator.send(Join(id, events=10, notifications=3))
    assert len(made) == 1


async def test_two_thousand_sends_leave_no_more_objects_alive_than_a_hundred(engine: AsyncEngine) -> None:
    mediator = Mediator(engine, registry, notifications=Outbox())
    id = await meeting_in(engine)

    async def alive_after(sends: int) -> int:
        for number in range(sends):
            if number % 20:
                await mediator.send(DoNothing(events=2))
            else:
                await mediator.send(Join(id, events=1, notifications=1))
        gc.collect()
        return len(gc.get_objects())

    first = await alive_after(100)
    assert await alive_after(2_000) <= first + 50
