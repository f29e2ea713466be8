"""A source of events without a database, and a processor on it, for the tests of concurrent handling."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from uow_events import DomainEvent, EventEmitter, EventMap, NotificationEvent
from uow_events.container import LagomResolver
from uow_events.events import ConcurrentEventProcessor
from uow_events.messages import Event, EventOrBuilder, Invocation, Record, Turn, running_invocation


@dataclass(frozen=True)
class Happened(DomainEvent):
    name: str = ""
    count: int = 0


@dataclass(frozen=True)
class Followed(DomainEvent):
    name: str = ""


@dataclass(frozen=True)
class Told(NotificationEvent, topic="t"):
    name: str = ""


class Source:
    """Keeps records as a unit of work's queue does; whoever flushes must hold the turn."""

    def __init__(self, *events: EventOrBuilder) -> None:
        self.turn = Turn()
        self.count = 0
        self.is_open = True
        self.failure: tuple[BaseException, Invocation] | None = None
        self.log: list[str] = []
        self.waiting = [Record(event, None) for event in events]

    def take(self, record: Record) -> None:
        self.waiting.append(record)

    def failed(self, error: BaseException, invocation: Invocation) -> None:
        if self.failure is None or self.failure[0] is not error:
            self.failure = (error, invocation)

    async def next_generation(self) -> list[Record]:
        taken, self.waiting = self.waiting, []
        self.count += len(taken)
        return taken

    def recorded_in(self, invocation: Invocation) -> list[Record]:
        taken = [record for record in self.waiting if record.invocation is invocation]
        self.waiting = [record for record in self.waiting if record.invocation is not invocation]
        self.count += len(taken)
        return taken

    async def flush(self) -> None:
        self.turn.check("flush")
        self.log.append("flush")

    async def build(self, records: list[Record]) -> None:
        self.turn.check("build")
        for record in records:
            record.build()


@dataclass
class Channel:
    published: list[Event] = field(default_factory=list)

    async def publish(self, record: Record) -> None:
        self.published.append(record.build())

    def write(self, session: Any) -> None:
        raise AssertionError("nothing is written without a unit of work")


class Pipeline:
    """A ConcurrentEventProcessor whose handlers are given by each test; `holders` name those that hold the session."""

    def __init__(self, *, limit: int = 4, **options: Any) -> None:
        self.events = EventMap()
        self.channel = Channel()
        self.holders: set[str] = set()
        self.seen: list[str] = []
        self.limit, self.options = limit, options

    def on(self, event: type[Event], handler: Callable[..., Any], name: str, *, holds: bool = False) -> None:
        """Register a handler under a name of its own."""

        async def named(event: Any) -> None:
            self.seen.append(f"{name} {event.name}")
            answer = handler(event)
            if inspect.isawaitable(answer):
                await answer

        named.__annotations__["event"] = event
        named.__name__ = named.__qualname__ = name
        self.events.register(named, event)
        if holds:
            self.holders.add(name)

    async def drain(self, *events: EventOrBuilder) -> Source:
        return await self.drain_from(Source(*events))

    async def drain_from(self, source: Source) -> Source:
        max_events = self.options.pop("max_events", 20_000)
        emitter = EventEmitter(
            self.events, LagomResolver().child({}), channel=self.channel, sink=source, **self.options
        )
        processor = ConcurrentEventProcessor(
            emitter, limit=self.limit, max_events=max_events, holds_session=lambda one: one.name in self.holders
        )
        with Invocation("Do", "Do", source) as body:
            for record in source.waiting:
                record.invocation = body
            async with asyncio.timeout(60):
                await processor.drain(source)
        return source


def record(event: EventOrBuilder) -> None:
    """Record a follow-up in the running handler."""
    invocation = running_invocation()
    assert invocation is not None
    invocation.record(event, None)
