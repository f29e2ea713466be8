"""Which handlers hear which events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from uow_events.errors import DuplicateHandlerError, HandlerSignatureError
from uow_events.events.event_handler import EventHandler
from uow_events.messages import Binding, DomainEvent, Event, NotificationEvent, bind


class EventMap:
    """Event type -> handlers. A handler of a class hears its subclasses too."""

    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Binding]] = {}
        self._found: dict[type[Event], tuple[Binding, ...]] = {}

    def register(
        self, handler: type[EventHandler[Any]] | Callable[..., Any], event: type[Event] | None = None
    ) -> Binding:
        """Add a handler class or function; `event` need not be given where its annotations say it.

        Raises:
            HandlerSignatureError: it is no event handler, or does not say which event it takes.
            DuplicateHandlerError: it is registered for this event already.
        """
        return self.add(bind(handler, EventHandler, event))

    def add(self, binding: Binding) -> Binding:
        """Add a handler that was reflected before; same errors as register()."""
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
