"""How one topic stands."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicStatus:
    """The messages of a topic that have not been delivered, each counted once by what it waits for.

    Args:
        due: a relay delivers them now.
        held_by_key: an earlier message of their key has failed, or they have, and the next attempt is not due yet.
        held_by_time: they have a time of their own that has not come, or, without a key, their next attempt has not.
        held_by_topic: the topic is paused.
        oldest: how long the oldest of the first two kinds has been waiting, by the database's clock: since it was
            stored, or since its own time, or its last attempt, was due. 0 where there is none.
        dead: messages among the dead letters.
        is_paused: whether the topic is paused.
    """

    topic: str
    due: int
    held_by_key: int
    held_by_time: int
    held_by_topic: int
    oldest: timedelta
    dead: int
    is_paused: bool

    @property
    def pending(self) -> int:
        """How many messages are in the outbox, whatever they wait for."""
        return self.due + self.held_by_key + self.held_by_time + self.held_by_topic
