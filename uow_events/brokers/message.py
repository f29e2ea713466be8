"""What a broker is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerMessage:
    """One message for a broker: the bytes as they were encoded once, and what goes beside them.

    `id` is the event's id: the same at every delivery. Messages of one `key` are to be delivered in order.
    """

    id: UUID
    topic: str
    key: str | None
    type: str
    payload: bytes
    headers: Mapping[str, str]
    occurred_at: datetime
