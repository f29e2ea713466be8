"""What happened, for other services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from uow_events.errors import NotAMessageError

T = TypeVar("T", bound=type[Any])


@dataclass(frozen=True, slots=True)
class NotificationOptions:
    """Where a notification event goes, in which order, and under which name."""

    topic: str | None = None
    key: str | None = None
    name: str | None = None


class NotificationEvent:
    """An integration event: it leaves the process through the channel (it is not MediatR's in-process notification).

    Class keywords: `topic` (required, here or through `@notification`), `key` (the field whose value orders messages:
    those of one key are delivered in order), `name` (the stable type name on the wire; default: the class's name).
    With the Outbox it leaves if and only if the transaction commits, at least once.
    """

    __slots__ = ()
    __notification__: ClassVar[NotificationOptions] = NotificationOptions()

    def __init_subclass__(
        cls, *, topic: str | None = None, key: str | None = None, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        _give(cls, topic=topic, key=key, name=name)


def notification(*, topic: str, key: str | None = None, name: str | None = None) -> Callable[[T], T]:
    """Give a NotificationEvent its topic, key and name where class keywords cannot be used, as on a msgspec.Struct.

    Raises:
        NotAMessageError: the class does not derive from NotificationEvent.
    """

    def decorate(cls: T) -> T:
        if not issubclass(cls, NotificationEvent):
            raise NotAMessageError(cls, "a NotificationEvent")
        _give(cls, topic=topic, key=key, name=name)
        return cls

    return decorate


def _give(cls: type[NotificationEvent], **given: str | None) -> None:
    # slots=True builds the class twice, the second time without keywords: never overwrite with a default
    options = {field: value for field, value in given.items() if value is not None}
    if options:
        own = cls.__dict__.get("__notification__") or replace(cls.__notification__, name=None)
        cls.__notification__ = replace(own, **options)
