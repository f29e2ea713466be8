"""What a mediator may be made of."""

from __future__ import annotations

from typing import Any, get_args

from uow_events.errors import InvalidArgumentError, name_of
from uow_events.events import Unhandled
from uow_events.mediator.registry import Registry


def check_arguments(registry: Any, notifications: Any, unhandled_events: Any, max_events: Any) -> None:
    """Make sure that what was given can work, before anything is sent.

    Raises:
        InvalidArgumentError: it cannot; names the argument and what it must be.
    """
    if not isinstance(registry, Registry):
        raise InvalidArgumentError("registry", f"an instance of Registry, and is {_shown(registry)}")
    if notifications is not None and not callable(getattr(notifications, "open", None)):
        wanted = f"Outbox() or DirectPublishing(broker), and is {_shown(notifications)}"
        raise InvalidArgumentError("notifications", wanted)
    if unhandled_events not in get_args(Unhandled):
        raise InvalidArgumentError("unhandled_events", f"'warn', 'error' or 'ignore', and is {unhandled_events!r}")
    if not isinstance(max_events, int) or max_events < 1:
        raise InvalidArgumentError("max_events", f"an integer from 1, and is {max_events!r}")


def _shown(given: object) -> str:
    return f"the class {name_of(given)}" if isinstance(given, type) else f"a {name_of(given)}"
