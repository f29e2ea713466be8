"""A message that was given up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that a relay or a consumer has given up, or that was skipped with its topic.

    Args:
        id: what names it among the dead letters; `event_id` names the message wherever it goes.
        attempts: how often its delivery was tried.
        last_error: why it is here.
        failed_at: since when, by the database's clock.
        consumer: who has given up a message that came from a broker; None for one of the outbox.
        payload_size: in bytes.
        payload: the bytes as they were stored, where they were asked for; no part of the repr.
    """

    id: int
    event_id: UUID
    topic: str
    key: str | None
    type: str
    headers: Mapping[str, str]
    occurred_at: datetime
    failed_at: datetime
    attempts: int
    last_error: str
    consumer: str | None
    payload_size: int
    payload: bytes | None = field(default=None, repr=False)
