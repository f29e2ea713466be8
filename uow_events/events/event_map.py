"""Which handlers hear which events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from uow_events.errors import DuplicateHandlerError, HandlerSignatureError, RegistrationClosedError
from uow_events.events.event_handler import EventHandler
from uow_events.messages import (
    DEFAULT_OPTIONS,
    Binding,
    DomainEvent,
    Event,
    HandlerOptions,
    NotificationEvent,
    bind,
    with_options,
)


class EventMap:
    """Event type -> handlers. A handler of a class hears its subclasses too."""

    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Binding]] = {}
        self._found: dict[type[Event], tuple[Binding, ...]] = {}
        self._closed: str | None = None

    def register(
        self,
        handler: type[EventHandler[Any]] | Callable[..., Any],
        event: type[Event] | None = None,
        options: HandlerOptions = DEFAULT_OPTIONS,
    ) -> Binding:
        """Add a handler class or function; `event` need not be given where its annotations say it.

        Raises:
            HandlerSignatureError: it is no event handler, or does not say which event it takes.
            DuplicateHandlerError: it is registered for this event already.
            RegistrationClosedError: the map was closed.
        """
        return self.add(with_options(bind(handler, EventHandler, event), options, EventHandler))

    def add(self, binding: Binding) -> Binding:
        """Add a handler that was reflected before; same errors as register()."""
        self.check_open(binding.handler)
        event = binding.message_type
        if not isinstance(event, type) or not issubclass(event, DomainEvent | NotificationEvent):
            raise HandlerSignatureError(binding.handler, "what it takes is no DomainEvent or NotificationEvent")
        present = self._handlers.setdefault(event, [])
        for other in present:
            if other.handler == binding.handler:
                raise DuplicateHandlerError(event, other.handler, binding.handler)
        present.append(binding)
        self._found.clear()
        return binding

    def close(self, reason: str) -> None:
        """Refuse further handlers; of several reasons the first one stays."""
        self._closed = self._closed or reason

    def check_open(self, handler: object) -> None:
        """Make sure that a handler can still be added.

        Raises:
            RegistrationClosedError: the map was closed.
        """
        if self._closed is not None:
            raise RegistrationClosedError(handler, self._closed)

    def handlers_of(self, event: type[Event]) -> tuple[Binding, ...]:
        """Return who hears an event: those of the more specific class first, then in registration order."""
        found = self._found.get(event)
        if found is None:
            found = tuple(binding for cls in event.__mro__ for binding in self._handlers.get(cls, ()))
            self._found[event] = found
        return found

    def __iter__(self) -> Iterator[Binding]:
        for bindings in self._handlers.values():
            yield from bindings
