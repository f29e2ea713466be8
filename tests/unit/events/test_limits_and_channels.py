"""Storms, events that nobody hears, and notifications: the edges of the pipeline."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from uow_events import (
    BrokerNotConfiguredError,
    DomainEvent,
    EventEmitter,
    EventHandler,
    EventMap,
    EventProcessor,
    EventStormError,
    NotificationEvent,
    UnhandledEventError,
)
from uow_events.container import LagomResolver
from uow_events.messages import Event, Record


@dataclass(frozen=True)
class Joined(DomainEvent):
    level: int = 0


@dataclass(frozen=True)
class Counted(DomainEvent):
    level: int


@dataclass(frozen=True)
class Announced(NotificationEvent, topic="t"):
    text: str = "hello"


@dataclass(frozen=True)
class Both(Joined, NotificationEvent, topic="t"): ...


@dataclass
class Channel:
    published: list[Event] = field(default_factory=list)

    async def publish(self, record: Record) -> None:
        self.published.append(record.build())

    def write(self, session: Any) -> None:
        raise AssertionError("nothing is written without a unit of work")


class Log:
    def __init__(self) -> None:
        self.entries: list[str] = []


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def container(log: Log) -> Any:
    return LagomResolver().child({Log: log})


class Ping(EventHandler[Joined]):
    async def handle(self, event: Joined) -> None:
        self.record(Counted(event.level))


class Pong(EventHandler[Counted]):
    async def handle(self, event: Counted) -> None:
        self.record(Joined(event.level))


async def storm(container: Any, limit: int, given: Sequence[Event], *handlers: Any) -> EventStormError:
    events = EventMap()
    for handler in handlers:
        events.register(handler)
    with pytest.raises(EventStormError) as caught:
        await EventProcessor(EventEmitter(events, container), max_events=limit).process(given)
    return caught.value


async def test_an_endless_chain_stops_naming_its_cycle(container: Any) -> None:
    error = await storm(container, 6, [Joined()], Ping, Pong)
    assert str(error) == (
        "More than 6 events in one unit of work; the last one came by Joined -> ... -> Joined -> Counted -> Joined. "
        "Break the cycle, or raise max_events. Everything was rolled back"
    )
    assert error.limit == 6


async def test_a_short_cycle_is_named_whole(container: Any) -> None:
    assert (await storm(container, 2, [Joined()], Ping, Pong)).path == ("Joined", "Counted", "Joined")


async def test_too_many_events_without_a_cycle_are_named_by_the_way_of_the_last(container: Any) -> None:
    assert (await storm(container, 1, [Announced(), Joined()], Ping)).path == ("Joined",)
    assert (await storm(container, 1, [Joined()], Ping)).path == ("Joined", "Counted")


async def test_as_many_events_as_allowed_are_processed(container: Any) -> None:
    events = EventMap()
    events.register(Ping)
    processor = EventProcessor(EventEmitter(events, container, unhandled_events="ignore"), max_events=2)
    assert await processor.process([Joined()]) == [Joined(), Counted(0)]


async def test_an_unhandled_event_is_logged_once_per_type(container: Any, caplog: pytest.LogCaptureFixture) -> None:
    warned: set[type[Event]] = set()
    for _ in range(2):
        emitter = EventEmitter(EventMap(), container, warned=warned)
        for event in (Joined(), Joined(), Counted(0)):
            assert await emitter.emit(event) == []
    assert caplog.record_tuples == [
        ("uow_events", logging.WARNING, "Handlers for event Joined not found"),
        ("uow_events", logging.WARNING, "Handlers for event Counted not found"),
    ]


async def test_an_unhandled_event_may_be_an_error(container: Any) -> None:
    with pytest.raises(UnhandledEventError) as caught:
        await EventEmitter(EventMap(), container, unhandled_events="error").emit(Joined())
    assert caught.value.event is Joined


async def test_an_unhandled_event_may_be_ignored(container: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert await EventEmitter(EventMap(), container, unhandled_events="ignore").emit(Joined()) == []
    assert caplog.record_tuples == []


async def test_a_notification_goes_to_the_channel(container: Any, caplog: pytest.LogCaptureFixture) -> None:
    channel = Channel()
    await EventEmitter(EventMap(), container, channel=channel).emit(Announced())
    assert channel.published == [Announced()]
    assert caplog.record_tuples == []


async def test_an_event_of_both_kinds_is_handled_then_published(container: Any) -> None:
    channel, order = Channel(), list[object]()

    async def handles(event: Both) -> None:
        order.append(list(channel.published))

    events = EventMap()
    events.register(handles)
    await EventEmitter(events, container, channel=channel).emit(Both())
    assert (order, channel.published) == ([[]], [Both()])


async def test_a_notification_without_a_channel_is_an_error(container: Any) -> None:
    with pytest.raises(BrokerNotConfiguredError) as caught:
        await EventEmitter(EventMap(), container).emit(Announced())
    assert caught.value.event is Announced
