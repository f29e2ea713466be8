"""What a middleware around a send knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from uow_events.errors import InvalidHeaderError
from uow_events.messages import IdempotencyKey, MessageContext, check_headers

Propagation: TypeAlias = Literal["join", "nested", "requires_new"]


@dataclass(slots=True, eq=False)
class SendContext:
    """One send, as given by its caller. Until call_next() runs, `headers` may be changed: the message's come of them.

    `is_joined` says that it runs inside a transaction that is open already, whose headers it shares: there they are
    only to be read. `message_context` is there once call_next() runs, and tells message id and correlation id.
    """

    message: object
    headers: dict[str, str] = field(repr=False)
    idempotency_key: IdempotencyKey | None = None
    propagation: Propagation = "join"
    is_joined: bool = False
    message_context: MessageContext | None = None


def headers_of(given: Mapping[str, str] | None, running: MessageContext | None = None) -> dict[str, str]:
    """Return the headers that a send starts out with: those given, and those of the message inside of which it is sent.

    Raises:
        InvalidHeaderError, InvalidArgumentError: what was given is not valid.
    """
    own = {} if given is None else check_headers(given)
    return own if running is None else {**running.headers, **own}


def check_shared(headers: Mapping[str, str], running: MessageContext) -> None:
    """Make sure that a send which joins a running transaction has the headers of that.

    Raises:
        InvalidHeaderError: it has others.
    """
    for name in {**headers, **running.headers}:
        if headers.get(name) != running.headers.get(name):
            raise InvalidHeaderError(name, "this send joins a running command, and shares the headers of that")
