"""Works off events and what they cause, breadth first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from uow_events.errors import EventStormError
from uow_events.events.event_emitter import EventEmitter
from uow_events.messages import Event, Record, path_to


class EventSource(Protocol):
    """Where events come from, generation by generation."""

    @property
    def count(self) -> int:
        """How many events have been handed over so far."""
        ...

    async def next_generation(self) -> Sequence[Record]:
        """Hand over what was recorded since the last call, in order; nothing when all is done."""
        ...


class EventProcessor:
    """Emits events until no follow-up is left: generation n before n + 1, each in recorded order.

    Over `max_events` in one source it stops with EventStormError. The first exception stops everything and leaves as
    it is; nothing is committed or rolled back here.
    """

    def __init__(self, emitter: EventEmitter, *, max_events: int = 10_000) -> None:
        self._emitter = emitter
        self._max_events = max_events

    async def process(self, events: Iterable[Event]) -> Sequence[Event]:
        """Process events and all that follows; return every event in the order it was emitted.

        Where the emitter has a sink (a unit of work), follow-ups go there and are left to its owner.

        Raises:
            EventStormError: there were more than `max_events`.
        """
        source = _Given([Record(event, None) for event in events])
        await self._drain(source, source if self._emitter.sink is None else None)
        return [record.build() for record in source.seen]

    async def drain(self, source: EventSource) -> None:
        """Process what a source has, and what it gets meanwhile, until it is empty.

        Raises:
            EventStormError: it handed over more than `max_events`.
        """
        await self._drain(source, None)

    async def _drain(self, source: EventSource, follow_ups: _Given | None) -> None:
        while generation := await source.next_generation():
            if source.count > self._max_events:
                raise EventStormError(self._max_events, _repetition(path_to(generation[-1])))
            for record in generation:
                recorded = await self._emitter.emit(record)
                if follow_ups is not None:
                    follow_ups.waiting += recorded


class _Given:
    """Events that were given, and the follow-ups that emitting them returned."""

    def __init__(self, waiting: list[Record]) -> None:
        self.waiting = waiting
        self.seen: list[Record] = []

    @property
    def count(self) -> int:
        return len(self.seen)

    async def next_generation(self) -> Sequence[Record]:
        generation, self.waiting = self.waiting, []
        self.seen += generation
        return generation


def _repetition(path: list[str]) -> list[str]:
    """Shorten a path to its beginning and the last stretch between two events of one type."""
    last = path[-1]
    for start in range(len(path) - 2, -1, -1):
        if path[start] == last:
            return [path[0], "...", *path[start:]] if start > 1 else path
    return path
