"""What the parts of a registry share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from uow_events.events import EventMap
from uow_events.mediator.registry.route import Route
from uow_events.mediator.registry.routes import Routes

NOTHING: Any = object()


class Registration:
    """Holds what was registered, as long as it is open."""

    def __init__(self) -> None:
        self.event_map = EventMap()
        self._routes = Routes()

    def _add(self, handler: object, route: Route) -> None:
        self.event_map.check_open(handler)
        self._routes.add(route)


def in_its_form(handler: Any, add: Callable[..., Any], *messages: type) -> Any:
    """Register a handler, or return the decorator that will: for a message type, or where only options were given."""
    if handler is NOTHING:
        return add
    if isinstance(handler, type) and issubclass(handler, messages):
        return partial(add, message=handler)
    return add(handler)
