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
        looks: how often the database has told it where something is due; stands still where the database hangs.
        oldest: how long the oldest message that is ready has been so, at the last look, by the database's clock.
        is_broker_available: whether the broker could be reached the last time.
        is_database_available: whether the database could.
    """

    published: int
    failed: int
    dead: int
    looks: int
    oldest: timedelta
    is_broker_available: bool
    is_database_available: bool
