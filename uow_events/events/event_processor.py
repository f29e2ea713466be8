"""Works off events and what they cause, breadth first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from uow_events.events.event_emitter import EventEmitter
from uow_events.events.event_source import EventSource
from uow_events.events.storm import check_count
from uow_events.messages import Event, Record


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
            check_count(source.count, self._max_events, generation[-1])
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
