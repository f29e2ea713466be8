"""Registering handlers of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, Unpack, overload

from uow_events.events import EventHandler
from uow_events.mediator.registry.forms import EventOptions, KeepsHandler
from uow_events.mediator.registry.registration import NOTHING, Registration, in_its_form
from uow_events.messages import DomainEvent, Event, HandlerOptions, InnerCommit, NotificationEvent, OnError, Phase

EH = TypeVar("EH", bound=type[EventHandler[Any]])
F = TypeVar("F", bound=Callable[..., Any])


class EventRegistration(Registration):
    """Handlers of events; an event has any number."""

    @overload
    def event_handler(self, handler: EH, /, **options: Unpack[EventOptions]) -> EH: ...
    @overload
    def event_handler(
        self, event: type[DomainEvent] | type[NotificationEvent], /, **options: Unpack[EventOptions]
    ) -> KeepsHandler: ...
    @overload
    def event_handler(self, handler: F, /, **options: Unpack[EventOptions]) -> F: ...
    @overload
    def event_handler(self, /, **options: Unpack[EventOptions]) -> KeepsHandler: ...
    def event_handler(
        self,
        handler: Any = NOTHING,
        /,
        *,
        on_error: OnError = "rollback",
        phase: Phase = "in_transaction",
        inner_commit: InnerCommit = "refuse",
        records: tuple[type, ...] = (),
    ) -> Any:
        """Register an EventHandler class, or a function; `@event_handler(UserJoined)` names a function's event.

        A handler of a class hears its subclasses too. Handlers of one event run in the order of registration.

        Args:
            handler: what is registered, or its event.
            on_error: "rollback"; "continue" undoes what it did, logs, and goes on; a FallbackHandler runs in its place.
            phase: inside of the transaction, or in one of its own after the commit, where a crash loses it.
            inner_commit: what its session.commit() does: it is refused, or, with "flush", flushes and warns.
            records: the events it records, for the check of the event graph.

        Raises:
            HandlerSignatureError: it is no handler, is abstract, or does not say which event it takes.
            DuplicateHandlerError: it is registered for this event already.
            RegistrationClosedError: this registry was included in another one, or has been sent with.
        """
        options = HandlerOptions(on_error, phase, inner_commit, records)

        def add(given: Any, message: type[Event] | None = None) -> Any:
            self.event_map.register(given, message, options)
            return given

        return in_its_form(handler, add, DomainEvent, NotificationEvent)
