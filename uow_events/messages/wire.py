"""What a notification event is called, where it goes, and what orders it."""

from enum import Enum
from typing import Any
from uuid import UUID

from uow_events.errors import NotificationError
from uow_events.messages.notification_event import NotificationEvent
from uow_events.messages.text import why_not_name


def wire_name(event: type[NotificationEvent]) -> str:
    """Return the type name that consumers see: `name=` of the class itself, else the class's name.

    Raises:
        NotificationError: it holds NUL or a lone surrogate, or is empty or too long.
    """
    own = event.__dict__.get("__notification__")
    return _checked(event, (own and own.name) or event.__name__, "name")


def wire_version(event: type[NotificationEvent]) -> int:
    """Return the version that consumers see: `version=` of the class itself, else 1.

    Raises:
        NotificationError: it is no integer from 1.
    """
    own = event.__dict__.get("__notification__")
    version: Any = 1 if own is None or own.version is None else own.version
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise NotificationError(event, f"it must be an integer from 1, and is {version!r}", "version")
    return version


def topic_of(event: type[NotificationEvent]) -> str:
    """Return the topic of an event class.

    Raises:
        NotificationError: there is none, or it holds NUL or a lone surrogate, or is empty or too long.
    """
    topic = event.__notification__.topic
    if topic is None:
        raise NotificationError(
            event,
            'it has no topic; declare it as `class X(NotificationEvent, topic="...")` or with @notification(topic=...)',
        )
    return _checked(event, topic, "topic")


def key_of(event: NotificationEvent) -> str | None:
    """Return the value that orders this event among others, or None where its class names no key.

    Raises:
        NotificationError: the key's field is missing, is no str, int or UUID, or is not valid text.
    """
    field = event.__notification__.key
    if field is None:
        return None
    value: Any = getattr(event, field, None)
    if isinstance(value, Enum):
        value = value.value
    if not isinstance(value, str | int | UUID):
        problem = f"its key must be a str, int or UUID, and is a {type(value).__name__}"
        raise NotificationError(type(event), problem, field)
    return _checked(type(event), str(value), field)


def _checked(event: type, text: str, field: str) -> str:
    problem = why_not_name(text)
    if problem:
        raise NotificationError(event, problem, field)
    return text
