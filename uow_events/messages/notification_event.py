"""What happened, for other services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from uow_events.errors import NotAMessageError

T = TypeVar("T", bound=type[Any])


@dataclass(frozen=True, slots=True)
class NotificationOptions:
    """Where a notification event goes, in which order, under which name, and in which version of it."""

    topic: str | None = None
    key: str | None = None
    name: str | None = None
    version: int | None = None


class NotificationEvent:
    """An integration event: it leaves the process through the channel (it is not MediatR's in-process notification).

    Class keywords: `topic` (required, here or through `@notification`), `key` (the field whose value orders messages:
    those of one key are delivered in order), `name` (the stable type name on the wire; default: the class's name),
    `version` (of its content, from 1, which is the default: raise it where consumers could not read the new one as they
    read the old).
    With the Outbox it leaves if and only if the transaction commits, at least once.
    """

    __slots__ = ()
    __notification__: ClassVar[NotificationOptions] = NotificationOptions()

    def __init_subclass__(
        cls,
        *,
        topic: str | None = None,
        key: str | None = None,
        name: str | None = None,
        version: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        _give(cls, topic=topic, key=key, name=name, version=version)


def notification(
    *, topic: str, key: str | None = None, name: str | None = None, version: int | None = None
) -> Callable[[T], T]:
    """Give a NotificationEvent its options where class keywords cannot be used, as on a msgspec.Struct.

    Raises:
        NotAMessageError: the class does not derive from NotificationEvent.
    """

    def decorate(cls: T) -> T:
        if not issubclass(cls, NotificationEvent):
            raise NotAMessageError(cls, "a NotificationEvent")
        _give(cls, topic=topic, key=key, name=name, version=version)
        return cls

    return decorate


def _give(cls: type[NotificationEvent], **given: str | int | None) -> None:
    # slots=True builds the class twice, the second time without keywords: never overwrite with a default
    options: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if options:
        own = cls.__dict__.get("__notification__") or replace(cls.__notification__, name=None, version=None)
        cls.__notification__ = replace(own, **options)
