"""Notification events that could not leave, or that consumers could not tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from uow_events.errors import Fault, NotificationError, name_of
from uow_events.messages import (
    Binding,
    NotificationEvent,
    fields_of,
    topic_of,
    unencodable_fields,
    wire_name,
    wire_version,
)


def unpublishable(declared: Iterable[type], bindings: Iterable[Binding], *, as_json: bool) -> Iterator[Fault]:
    """Check every notification event that is declared, handled, or recorded by a handler; bases of others aside.

    `as_json` says that the channel encodes them by this package's codec.
    """
    named: dict[str, type] = {}
    for event in dict.fromkeys(notifications_of(declared, bindings)):
        yield from _misnamed(event)
        yield from _clashing(event, named)
        yield from _without_key(event)
        if as_json:
            yield from _unencodable(event)


def notifications_of(declared: Iterable[type], bindings: Iterable[Binding]) -> Iterator[type[NotificationEvent]]:
    """Return every notification event that is declared, handled, or recorded by a handler; bases of others aside."""
    concerned = (kind for binding in bindings for kind in (binding.message_type, *binding.options.records))
    for kind in (*declared, *concerned):
        if isinstance(kind, type) and issubclass(kind, NotificationEvent) and not kind.__subclasses__():
            yield kind


def _misnamed(event: type[NotificationEvent]) -> Iterator[Fault]:
    if event.__notification__.topic is None:
        remedy = 'declare it as `class X(NotificationEvent, topic="...")` or with @notification(topic=...)'
        yield Fault(name_of(event), "this notification event has no topic", remedy)
    for read in (wire_name, wire_version, topic_of):
        try:
            read(event)
        except NotificationError as error:
            if error.field is not None:
                yield Fault(name_of(event), f"its {error.field} cannot be used: {error.problem}", "give it another")


def _clashing(event: type[NotificationEvent], named: dict[str, type]) -> Iterator[Fault]:
    own = event.__notification__.name if "__notification__" in event.__dict__ else None
    name = own or event.__name__
    other = named.setdefault(name, event)
    if other is not event:
        yield Fault(
            f"{_full(other)}, {_full(event)}",
            f"both are called {name!r} on the wire, and consumers could not tell them apart",
            'give one of them a name of its own: name="..."',
        )


def _without_key(event: type[NotificationEvent]) -> Iterator[Fault]:
    key, fields = event.__notification__.key, fields_of(event)
    if key is not None and fields is not None and key not in fields and not hasattr(event, key):
        yield Fault(name_of(event), f"its key names {key!r}, which is no field of it", f"name one of {[*fields]}")


def _unencodable(event: type[NotificationEvent]) -> Iterator[Fault]:
    if fields_of(event) is None:
        remedy = "make it a dataclass, attrs class, pydantic model or msgspec.Struct"
        yield Fault(name_of(event), "this notification event cannot be encoded as JSON: it has no fields", remedy)
    for field, kind in unencodable_fields(event):
        problem = f"its field {field!r} holds {name_of(kind)}, which cannot be encoded as JSON"
        remedy = "give it a plain value, a dataclass, attrs class, pydantic model or msgspec.Struct, or an id"
        yield Fault(name_of(event), problem, remedy)


def _full(kind: type) -> str:
    return f"{kind.__module__}.{name_of(kind)}"
