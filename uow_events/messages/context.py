"""Who sent the running message, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from uow_events.messages.headers import CAUSATION_ID, CORRELATION_ID, check_header, check_headers

if TYPE_CHECKING:
    from uow_events.messages.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """The running command's identity; injectable into every handler of its unit of work.

    `message_id`, `correlation_id`, `causation_id` and `idempotency_key` stay the same over all attempts; `attempt`
    counts these from 1. `correlation_id` is meant to be the same for everything that one outside request set in motion
    (the command's own id where none is given); `causation_id` is the id of the message that caused this one, if any.
    `headers` are what the caller gave to send(), read-only, less `correlationid` and `causationid`: these two are
    taken out, and set the fields.

    Raises:
        InvalidHeaderError: a header, or an id, cannot be stored and sent, or belongs to the framework.
        InvalidArgumentError: the headers are no mapping.
    """

    message_id: UUID = field(default_factory=uuid4)
    correlation_id: str = ""
    causation_id: str | None = None
    idempotency_key: str | None = None
    attempt: int = 1
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False, hash=False)

    def __post_init__(self) -> None:
        headers = check_headers(self.headers)
        correlation_id = headers.pop(CORRELATION_ID, "") or self.correlation_id
        causation_id = headers.pop(CAUSATION_ID, "") or self.causation_id
        for name, given in ((CORRELATION_ID, correlation_id), (CAUSATION_ID, causation_id)):
            if given:
                check_header(name, given)
        object.__setattr__(self, "correlation_id", correlation_id or str(self.message_id))
        object.__setattr__(self, "causation_id", causation_id)
        object.__setattr__(self, "headers", MappingProxyType(headers))

    def caused(
        self,
        cause: Record | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> MessageContext:
        """Return the context of a unit of work opened from inside this one's, with a transaction of its own.

        Its message id is new, its correlation id this one's. It was caused by `cause`, a recorded event, or by this
        message. Headers are passed on unless others are given.

        Raises:
            InvalidHeaderError, InvalidArgumentError: the headers given are not valid.
        """
        return MessageContext(
            correlation_id=self.correlation_id,
            causation_id=str(cause.id if cause else self.message_id),
            idempotency_key=idempotency_key,
            headers=self.headers if headers is None else headers,
        )
