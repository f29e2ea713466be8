"""What a relay has done, and how it stands."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayStatus:
    """Counts since the relay was made.

    Args:
        published: messages that the broker confirmed, each of which left the outbox.
        failed: attempts that failed and are made again.
        dead: messages that went to the dead letters.
        oldest: how long the oldest message that is ready has been so, at the last look, by the database's clock.
        is_broker_available: whether the broker could be reached the last time.
        is_database_available: whether the database could.
    """

    published: int
    failed: int
    dead: int
    oldest: timedelta
    is_broker_available: bool
    is_database_available: bool
