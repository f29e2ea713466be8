"""Which message something came with, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from uow_events.errors import InvalidArgumentError
from uow_events.messages.text import why_not_name, why_not_text


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message as a consumer remembers it: `source` and `message_id` together tell it from all others."""

    consumer: str
    message_id: str
    source: str = ""

    @classmethod
    def of(cls, consumer: object, message_id: object, source: object) -> Self:
        """Make one of what a caller gave.

        Raises:
            InvalidArgumentError: one of them cannot be stored.
        """
        if isinstance(message_id, UUID):
            message_id = str(message_id)
        given = {"consumer": consumer, "message_id": message_id, "source": source or "-"}
        for name, value in given.items():
            problem = why_not_name(value) if isinstance(value, str) else why_not_text(value)
            if problem:
                raise InvalidArgumentError(name, f"a text of 1 to 255 characters: {problem}")
        return cls(str(consumer), str(message_id), str(source))

    @property
    def event_id(self) -> UUID:
        """The message's id, where that is a UUID; else one made of its source and id, always the same."""
        return event_id_of(self.source, self.message_id)


def event_id_of(source: str, message_id: str) -> UUID:
    """Return the id of a message as a UUID."""
    try:
        return UUID(message_id)
    except ValueError:
        return uuid5(NAMESPACE_URL, f"{source}#{message_id}")
