"""Who sent the running message, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from uow_events.errors import InvalidHeaderError
from uow_events.messages.text import why_not_text


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """The running command's identity; injectable into every handler of its unit of work.

    `correlation_id` is meant to be the same for everything that one outside request set in motion (the command's own id
    where none is given); `causation_id` is the id of the message that caused this one, if any. `headers` are what the
    caller gave to send().

    Raises:
        InvalidHeaderError: a header's name or value is no str, or holds NUL or a lone surrogate.
    """

    message_id: UUID = field(default_factory=uuid4)
    correlation_id: str = ""
    causation_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            check_header(name, value)
        if not self.correlation_id:
            object.__setattr__(self, "correlation_id", str(self.message_id))


def check_header(name: object, value: object) -> None:
    """Make sure that a header can be stored and sent.

    Raises:
        InvalidHeaderError: its name or value is no str, or holds NUL or a lone surrogate.
    """
    problem = why_not_text(name) or why_not_text(value)
    if problem:
        raise InvalidHeaderError(name, problem)
