"""EventEmitter and EventProcessor by themselves, with an EventMap and a container."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from uow_events import (
    DomainEvent,
    EventEmitter,
    EventHandler,
    EventMap,
    EventProcessor,
)
from uow_events.container import LagomResolver
from uow_events.messages import Event, Invocation, Record


@dataclass(frozen=True)
class Joined(DomainEvent):
    level: int = 0


@dataclass(frozen=True)
class Counted(DomainEvent):
    level: int


@dataclass
class Sink:
    taken: list[Record] = field(default_factory=list)
    failures: list[tuple[BaseException, Invocation]] = field(default_factory=list)
    is_open: bool = True

    def take(self, record: Record) -> None:
        self.taken.append(record)

    def failed(self, error: BaseException, invocation: Invocation) -> None:
        self.failures.append((error, invocation))


class Log:
    def __init__(self) -> None:
        self.entries: list[str] = []


class Follows(EventHandler[Joined]):
    def __init__(self, log: Log) -> None:
        self.log = log

    async def handle(self, event: Joined) -> None:
        self.log.entries.append(f"Follows {event.level}")
        if event.level < 2:
            self.record(Joined(event.level + 1))
            self.record(lambda: Counted(event.level))


async def notes(event: Joined, log: Log) -> None:
    log.entries.append(f"notes {event.level}")


async def counts(event: Counted, log: Log) -> None:
    log.entries.append(f"counts {event.level}")


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def container(log: Log) -> Any:
    return LagomResolver().child({Log: log})


@pytest.fixture
def events() -> EventMap:
    events = EventMap()
    for handler in (Follows, notes, counts):
        events.register(handler)
    return events


def contents(records: Sequence[Record]) -> list[Event]:
    return [record.build() for record in records]


async def test_emitting_runs_handlers_in_order_and_returns_what_they_recorded(
    events: EventMap, container: Any, log: Log
) -> None:
    follow_ups = await EventEmitter(events, container).emit(Joined())
    assert contents(follow_ups) == [Joined(1), Counted(0)]
    assert log.entries == ["Follows 0", "notes 0"]
    assert all(record.invocation and record.invocation.handler == "Follows" for record in follow_ups)


async def test_a_sink_takes_what_is_recorded_and_hears_of_failures(container: Any) -> None:
    async def fails(event: Counted) -> None:
        raise ValueError("boom")

    events, sink = EventMap(), Sink()
    events.register(Follows)
    events.register(fails)
    emitter = EventEmitter(events, container, sink=sink)
    assert contents(await emitter.emit(Joined(1))) == contents(sink.taken) == [Joined(2), Counted(1)]
    with pytest.raises(ValueError, match="boom") as caught:
        await emitter.emit(sink.taken[1])
    ((error, invocation),) = sink.failures
    assert error is caught.value
    assert (invocation.subject, invocation.handler, invocation.cause) == ("Counted", "fails", sink.taken[1])


async def test_processing_is_breadth_first(events: EventMap, container: Any, log: Log) -> None:
    processed = await EventProcessor(EventEmitter(events, container)).process([Joined(0), Joined(1)])
    assert processed == [Joined(0), Joined(1), Joined(1), Counted(0), Joined(2), Counted(1), Joined(2), Counted(1)]
    assert log.entries == [
        *("Follows 0", "notes 0", "Follows 1", "notes 1"),
        *("Follows 1", "notes 1", "counts 0", "Follows 2", "notes 2", "counts 1"),
        *("Follows 2", "notes 2", "counts 1"),
    ]


async def test_with_a_sink_follow_ups_are_left_to_its_owner(events: EventMap, container: Any) -> None:
    sink = Sink()
    assert await EventProcessor(EventEmitter(events, container, sink=sink)).process([Joined()]) == [Joined()]
    assert contents(sink.taken) == [Joined(1), Counted(0)]


async def test_draining_goes_on_until_its_source_is_empty(events: EventMap, container: Any, log: Log) -> None:
    class Source:
        count = 0
        waiting = ([Record(Counted(1), None)], [Record(Counted(2), None)], [])

        async def next_generation(self) -> Sequence[Record]:
            self.count += 1
            return self.waiting[self.count - 1]

    await EventProcessor(EventEmitter(events, container)).drain(Source())
    assert log.entries == ["counts 1", "counts 2"]


async def test_the_first_exception_stops_everything(container: Any, log: Log) -> None:
    async def fails(event: Counted) -> None:
        raise ValueError("boom")

    events = EventMap()
    for handler in (fails, counts, notes):
        events.register(handler)
    with pytest.raises(ValueError, match="^boom$"):
        await EventProcessor(EventEmitter(events, container)).process([Joined(), Counted(0), Joined()])
    assert log.entries == ["notes 0"]
