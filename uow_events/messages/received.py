"""A message as it came from a broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Self
from uuid import UUID

from uow_events.errors import InvalidHeaderError, UnreadableMessageError
from uow_events.messages.delivered import event_id_of
from uow_events.messages.headers import CLOUD_EVENTS, MAX_HEADERS, TYPE_VERSION, check_header
from uow_events.messages.text import why_not_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """A message from a broker: its bytes, and its CloudEvents 1.0 attributes.

    `id` and `source` together tell it from all others. `attributes` are all that came with it, headers among them.
    """

    id: str
    source: str
    type: str
    version: int
    topic: str
    payload: bytes = field(repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    key: str | None = None
    occurred_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def of(cls, attributes: Mapping[str, str], *, topic: str, payload: bytes, key: str | None = None) -> Self:
        """Make one of the attributes and headers of a message, by their CloudEvents names.

        Raises:
            UnreadableMessageError: it has no id, source or type of 1 to 255 characters, or a version that is none.
        """
        type_name = attributes.get("type") or None
        for name in ("id", "source", "type"):
            problem = why_not_name(attributes.get(name, ""))
            if problem:
                raise UnreadableMessageError(type_name, f"of its CloudEvents attribute {name!r}, {problem}")
        return cls(
            id=attributes["id"],
            source=attributes["source"],
            type=attributes["type"],
            version=_version(attributes),
            topic=topic,
            payload=payload,
            attributes=attributes,
            key=key,
            occurred_at=_time(attributes.get("time", "")),
        )

    @classmethod
    def unreadable(cls, attributes: Mapping[str, str], *, topic: str, payload: bytes, key: str | None = None) -> Self:
        """Make one of a message that of() refuses: its id is a hash of all that came, the same at every delivery."""
        said = "".join(f"{name}={value};" for name, value in sorted(attributes.items()))
        hashed = sha256(said.encode("utf-8", "replace") + payload).hexdigest()
        type_name = attributes.get("type", "")
        return cls(
            id=hashed,
            source="",
            type="" if why_not_name(type_name) else type_name,
            version=1,
            topic=topic,
            payload=payload,
            attributes=attributes,
            key=key,
        )

    @property
    def headers(self) -> dict[str, str]:
        """What goes with it beside its CloudEvents attributes: correlation and causation id, trace context, and others.

        Left out is what could not be sent on: too long, too many, or with control characters.
        """
        return _headers(self.attributes)

    @property
    def event_id(self) -> UUID:
        """Its id, where that is a UUID; else one made of its source and id, always the same."""
        return event_id_of(self.source, self.id)


def _version(attributes: Mapping[str, str]) -> int:
    given = attributes.get(TYPE_VERSION, "1")
    if not (given.isascii() and given.isdigit() and len(given) < 10 and int(given) > 0):
        raise UnreadableMessageError(attributes["type"], f"its attribute {TYPE_VERSION!r} is no integer from 1")
    return int(given)


def _headers(attributes: Mapping[str, str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in attributes.items():
        lower = name.lower()
        if lower in CLOUD_EVENTS or lower in headers or len(headers) == MAX_HEADERS:
            continue
        try:
            check_header(name, value)
        except InvalidHeaderError:
            continue
        headers[lower] = value
    return headers


def _time(given: str) -> datetime:
    try:
        time = datetime.fromisoformat(given)
    except ValueError:
        return datetime.now(UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
