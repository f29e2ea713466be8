"""Hands one event to whoever hears it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias

from uow_events.errors import BrokerNotConfiguredError, UnhandledEventError, name_of
from uow_events.events.event_map import EventMap
from uow_events.messages import (
    Binding,
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


class RunsHandlers(Protocol):
    """How one handler is run: by itself, or with what a mediator puts around it."""

    async def run(self, binding: Binding, message: object, invocation: Invocation) -> Any:
        """Run a handler once, inside its invocation; its exceptions pass as they are."""
        ...


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
        runner: RunsHandlers | None = None,
    ) -> None:
        self._event_map = event_map
        self._channel = channel
        self._unhandled = unhandled_events
        self._warned: set[type[Event]] = warned if warned is not None else set()
        self.runner = runner or _Plainly(container)
        self.sink = sink

    async def emit(self, event: Event | Record) -> Sequence[Record]:
        """Handle an event, then publish it where it is a NotificationEvent; return what its handlers recorded.

        One that came from a broker is not published again.

        Raises:
            BrokerNotConfiguredError: a notification event, and there is no channel.
            UnhandledEventError: nothing handles it, and `unhandled_events="error"`.
        """
        record = event if isinstance(event, Record) else Record(event, None)
        content = record.build()
        follow_ups: list[Record] = []
        for binding in self.handlers_of(content):
            with self.invocation(binding, record) as invocation:
                await self.runner.run(binding, content, invocation)
            follow_ups += invocation.records
        if record.is_outgoing:
            await self.publish(record)
        return follow_ups

    def handlers_of(self, event: Event) -> Sequence[Binding]:
        """Return who hears an event, in order.

        Raises:
            UnhandledEventError: nobody does, it is no notification, and `unhandled_events="error"`.
        """
        kind = type(event)
        handlers = self._event_map.handlers_of(kind)
        if not handlers and not isinstance(event, NotificationEvent):
            self._nobody_heard(kind)
        return handlers

    def invocation(self, binding: Binding, record: Record) -> Invocation:
        """Return the invocation, not entered yet, in which a handler is to handle a built event."""
        return Invocation(name_of(type(record.build())), binding.name, self.sink, record)

    async def publish(self, record: Record) -> None:
        """Give a notification event to the channel.

        Raises:
            BrokerNotConfiguredError: there is no channel.
        """
        if self._channel is None:
            raise BrokerNotConfiguredError(type(record.build()))
        await self._channel.publish(record)

    def _nobody_heard(self, kind: type[Event]) -> None:
        if self._unhandled == "error":
            raise UnhandledEventError(kind)
        if self._unhandled == "warn" and kind not in self._warned:
            self._warned.add(kind)
            logger.warning("Handlers for event %s not found", name_of(kind))


class _Plainly:
    def __init__(self, container: Resolves) -> None:
        self._container = container

    async def run(self, binding: Binding, message: object, invocation: Invocation) -> Any:
        return await binding.call(message, self._container)
