"""What commands and queries have in common: each says what it is answered with."""

from __future__ import annotations

from typing import Any

from uow_events.messages.binding import type_arguments


def is_kind_of(request: object, base: type) -> bool:
    """Tell whether something is a class that derives from Command or Query."""
    return isinstance(request, type) and issubclass(request, base)


def response_of(request: type, base: type) -> Any:
    """Return the R of a class that derives from Command[R] or Query[R]; NoneType where it does not say."""
    declared = type_arguments(request, base)
    return declared[0] if declared else type(None)
