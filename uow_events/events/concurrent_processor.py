"""Works off events and what they cause, several handlers at a time."""

from __future__ import annotations

from collections.abc import Callable

from uow_events.events.concurrent_run import ConcurrentRun
from uow_events.events.event_emitter import EventEmitter
from uow_events.events.event_source import SharedSource
from uow_events.messages import Binding


class ConcurrentEventProcessor:
    """Runs up to `limit` handlers of one unit of work at a time, those that hold its session one after another.

    What can start is started in breadth-first order, follow-ups as soon as the handler that recorded them is done.
    Notifications are published in the order of the sequential EventProcessor. The first failure cancels and awaits the
    other handlers, then leaves as it is, with notes on further ones; nothing runs on afterwards.
    """

    def __init__(
        self,
        emitter: EventEmitter,
        *,
        limit: int,
        holds_session: Callable[[Binding], bool],
        max_events: int = 10_000,
    ) -> None:
        self._emitter = emitter
        self._limit = limit
        self._holds_session = holds_session
        self._max_events = max_events

    async def drain(self, source: SharedSource) -> None:
        """Process what a source has, and what it gets meanwhile, until it is empty.

        Raises:
            EventStormError: it handed over more than `max_events`.
            SessionOwnershipError: a handler used the session that was not seen to hold it.
        """
        while generation := await source.next_generation():
            run = ConcurrentRun(self._emitter, source, self._holds_session, self._limit, self._max_events)
            await run.work_off(generation)
