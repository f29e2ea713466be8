"""A key whose messages wait for a failed one."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedKey:
    """A key that waits for the next attempt of a failed message.

    Args:
        key: the key.
        until: when that attempt is due, by the database's clock.
        waiting: how many messages of the key wait, the failed one among them.
        topic, type, attempts, last_error: of the first message that waits; None and 0 where none does any more.
    """

    key: str
    until: datetime
    waiting: int
    topic: str | None
    type: str | None
    attempts: int
    last_error: str | None
