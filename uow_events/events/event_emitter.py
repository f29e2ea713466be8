"""Hands one event to whoever hears it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal, TypeAlias

from uow_events.errors import BrokerNotConfiguredError, UnhandledEventError, name_of
from uow_events.events.event_map import EventMap
from uow_events.messages import (
    Event,
    Invocation,
    NotificationEvent,
    OpenChannel,
    Record,
    RecordSink,
    Resolves,
)

logger = logging.getLogger("uow_events")
Unhandled: TypeAlias = Literal["warn", "error", "ignore"]


class EventEmitter:
    """Runs an event's handlers one after another, and gives a notification event to the channel.

    `container` builds the handlers: anything with `resolve(type)`, such as a UnitOfWork. The transaction is whatever
    the handlers' session is in; nothing is committed here. `sink`, where given, takes what handlers record; emit()
    returns it in any case.
    """

    def __init__(
        self,
        event_map: EventMap,
        container: Resolves,
        *,
        channel: OpenChannel | None = None,
        sink: RecordSink | None = None,
        unhandled_events: Unhandled = "warn",
        warned: set[type[Event]] | None = None,
    ) -> None:
        self._event_map = event_map
        self._container = container
        self._channel = channel
        self._unhandled = unhandled_events
        self._warned: set[type[Event]] = warned if warned is not None else set()
        self.sink = sink

    async def emit(self, event: Event | Record) -> Sequence[Record]:
        """Handle an event, then publish it where it is a NotificationEvent; return what its handlers recorded.

        Raises:
            BrokerNotConfiguredError: a notification event, and there is no channel.
            UnhandledEventError: nothing handles it, and `unhandled_events="error"`.
        """
        record = event if isinstance(event, Record) else Record(event, None)
        content = record.build()
        kind = type(content)
        handlers = self._event_map.handlers_of(kind)
        follow_ups: list[Record] = []
        for binding in handlers:
            with Invocation(name_of(kind), binding.name, self.sink, record) as invocation:
                await binding.call(content, self._container)
            follow_ups += invocation.records
        if isinstance(content, NotificationEvent):
            await self._publish(record, kind)
        elif not handlers:
            self._nobody_heard(kind)
        return follow_ups

    async def _publish(self, record: Record, kind: type) -> None:
        if self._channel is None:
            raise BrokerNotConfiguredError(kind)
        await self._channel.publish(record)

    def _nobody_heard(self, kind: type[Event]) -> None:
        if self._unhandled == "error":
            raise UnhandledEventError(kind)
        if self._unhandled == "warn" and kind not in self._warned:
            self._warned.add(kind)
            logger.warning("Handlers for event %s not found", name_of(kind))
