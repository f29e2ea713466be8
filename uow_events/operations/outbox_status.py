"""How the outbox stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from uow_events.operations.topic_status import TopicStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStatus:
    """What has not been delivered, as one look at the database saw it.

    Args:
        looked_at: when that was, by the database's clock.
        blocked_keys: how many keys wait for a failed message.
        topics: each topic that has messages waiting or dead, or is paused, in the order of their names.
    """

    looked_at: datetime
    blocked_keys: int
    topics: Sequence[TopicStatus]

    @property
    def pending(self) -> int:
        """How many messages are in the outbox."""
        return sum(topic.pending for topic in self.topics)

    @property
    def due(self) -> int:
        """How many of them a relay delivers now."""
        return sum(topic.due for topic in self.topics)

    @property
    def held_by_key(self) -> int:
        """How many wait for a failed message of their key."""
        return sum(topic.held_by_key for topic in self.topics)

    @property
    def held_by_time(self) -> int:
        """How many wait for a time of their own."""
        return sum(topic.held_by_time for topic in self.topics)

    @property
    def held_by_topic(self) -> int:
        """How many wait for a paused topic."""
        return sum(topic.held_by_topic for topic in self.topics)

    @property
    def oldest(self) -> timedelta:
        """How long the oldest message that is due, or waits for its key, has been waiting."""
        return max((topic.oldest for topic in self.topics), default=timedelta(0))

    @property
    def dead(self) -> int:
        """How many dead letters there are."""
        return sum(topic.dead for topic in self.topics)
