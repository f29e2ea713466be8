"""WHO looks after it: what waits in the outbox, dead letters and paused topics, for people and dashboards."""

from uow_events.operations.blocked_key import BlockedKey
from uow_events.operations.dead_letter import DeadLetter
from uow_events.operations.dead_letter_filter import DeadLetterFilter
from uow_events.operations.outbox_admin import OutboxAdmin
from uow_events.operations.outbox_status import OutboxStatus
from uow_events.operations.topic_status import TopicStatus

__all__ = ["BlockedKey", "DeadLetter", "DeadLetterFilter", "OutboxAdmin", "OutboxStatus", "TopicStatus"]
