"""What other services' messages are called, and how their bytes become events again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import msgspec

from uow_events.errors import InvalidArgumentError, UnknownMessageTypeError, UnreadableMessageError, name_of
from uow_events.messages.notification_event import NotificationEvent
from uow_events.messages.reading import reader_of
from uow_events.messages.wire import wire_name, wire_version

Content: TypeAlias = dict[str, Any]
Upcast: TypeAlias = Callable[[Content], Content]
U = TypeVar("U", bound=Upcast)


class WireContract:
    """The notification events that a service reads, by the type names and versions they have on the wire.

    Fields that an event's class does not have are passed over, so that its publisher may add some; what a class does
    not need must have a default. A content of an older version goes through upcasters first.

    Args:
        events: their classes; those of the publisher, or others of the same names.

    Raises:
        InvalidArgumentError: something is no class of a NotificationEvent, has a field that cannot be read from JSON,
            or the name of another one.
        NotificationError: a name or a version is not valid.
    """

    def __init__(self, *events: type[NotificationEvent]) -> None:
        self._events: dict[str, type[NotificationEvent]] = {}
        self._readers: dict[str, Callable[[bytes], Any]] = {}
        self._upcasters: dict[tuple[str, int], Upcast] = {}
        for event in events:
            self._add(event)

    @property
    def events(self) -> tuple[type[NotificationEvent], ...]:
        """The classes of its events, as given."""
        return tuple(self._events.values())

    def event_of(self, type_name: str) -> type[NotificationEvent]:
        """Return the class of what is called so on the wire.

        Raises:
            UnknownMessageTypeError: there is none.
        """
        if type_name not in self._events:
            raise UnknownMessageTypeError(type_name, sorted(self._events))
        return self._events[type_name]

    def upcaster(self, event: type[NotificationEvent] | str, *, version: int) -> Callable[[U], U]:
        """Register a pure function that takes the content of `version`, as JSON has it, and returns that of the next.

        `event` is the class, or its name on the wire.

        Raises:
            InvalidArgumentError: it is no event of this contract, the version is none of its older ones, or has an
                upcaster already.
        """
        name = event if isinstance(event, str) else wire_name(event)
        if name not in self._events:
            raise InvalidArgumentError("event", f"an event of this contract, and is {name!r}")
        current = wire_version(self._events[name])
        if version not in range(1, current):
            wanted = f"a version of {name} below its present one, which is {current}, and is {version!r}"
            raise InvalidArgumentError("version", wanted)
        if (name, version) in self._upcasters:
            raise InvalidArgumentError("version", f"one without an upcaster, and {name} has one of version {version}")

        def register(upcast: U) -> U:
            self._upcasters[name, version] = upcast
            return upcast

        return register

    def read(self, type_name: str, version: int, payload: bytes) -> NotificationEvent:
        """Return the event in a message.

        Raises:
            UnknownMessageTypeError: no event is called so.
            UnreadableMessageError: its version is a later one or has no upcaster, or its content is no such event.
        """
        current = wire_version(self.event_of(type_name))
        if version > current:
            problem = f"it is of version {version}, and version {current} is the latest that is known here"
            raise UnreadableMessageError(type_name, f"{problem}; deploy the class of the later version")
        if version < current:
            payload = self._upcast(type_name, version, current, payload)
        event: NotificationEvent = self._readers[type_name](payload)
        return event

    def _add(self, event: Any) -> None:
        if not isinstance(event, type) or not issubclass(event, NotificationEvent):
            raise InvalidArgumentError("events", f"classes of NotificationEvents, and one is {event!r}")
        name = wire_name(event)
        wire_version(event)
        other = self._events.setdefault(name, event)
        if other is not event:
            both = f"{name_of(other)} and {name_of(event)}"
            raise InvalidArgumentError("events", f"classes of different names, and {both} are {name!r} on the wire")
        self._readers[name] = reader_of(event, name)

    def _upcast(self, name: str, version: int, current: int, payload: bytes) -> bytes:
        content = content_of(name, payload)
        for older in range(version, current):
            upcast = self._upcasters.get((name, older))
            if upcast is None:
                problem = f"it is of version {version}, and there is no upcaster from version {older}"
                raise UnreadableMessageError(name, f"{problem}; register one: @contract.upcaster(..., version={older})")
            content = _upcasted(name, older, upcast, content)
        return msgspec.json.encode(content)


def content_of(name: str, payload: bytes) -> Content:
    """Return what a message says, as JSON has it.

    Raises:
        UnreadableMessageError: it is no JSON object.
    """
    try:
        content: Content = msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UnreadableMessageError(name, "its content is no JSON object") from None
    return content


def _upcasted(name: str, version: int, upcast: Upcast, content: Content) -> Content:
    try:
        return upcast(content)
    except Exception as error:
        problem = f"its upcaster from version {version} raised {type(error).__name__}"
        raise UnreadableMessageError(name, problem) from error
