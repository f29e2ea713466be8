"""Who sent the running message, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid4


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """The running command's identity; injectable into every handler of its unit of work.

    `correlation_id` is the same for everything that one outside request set in motion; `causation_id` is the id of the
    message that caused this one. `headers` are what the caller gave to send().
    """

    message_id: UUID = field(default_factory=uuid4)
    correlation_id: str = ""
    causation_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        if not self.correlation_id:
            object.__setattr__(self, "correlation_id", str(self.message_id))
