"""One row that a relay has claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from uow_events.brokers import BrokerMessage
from uow_events.errors import MessageRefusedError

Held: TypeAlias = Literal["key", "time", "topic"]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message, how often its delivery has failed, and what it waited for until now.

    `waits_for` is what it has to wait for all the same: the failed message of its key, or its paused topic. `fault`
    says why it can never be delivered: something else than this package has written it.
    """

    id: int
    message: BrokerMessage
    attempts: int
    held: Held | None
    waits_for: Held | None
    fault: MessageRefusedError | None = None

    @property
    def chain(self) -> object:
        """What it shares with the messages that must stay in order with it: its key, or nothing."""
        return self.id if self.message.key is None else self.message.key

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Claimed:
        """Read a row of the claim."""
        headers, fault = _headers_of(row)
        message = BrokerMessage(
            id=row["event_id"],
            topic=row["topic"],
            key=row["key"],
            type=row["type"],
            payload=row["payload"],
            headers=headers,
            occurred_at=row["occurred_at"],
        )
        waits_for: Held | None = "topic" if row["is_paused"] else "key" if row["is_blocked"] else None
        return cls(row["id"], message, row["attempts"], row["held"], waits_for, fault)


def _headers_of(row: Mapping[str, Any]) -> tuple[dict[str, str], MessageRefusedError | None]:
    try:
        return _decode(row["headers"]), None
    except msgspec.ValidationError as error:
        return {}, MessageRefusedError(row["topic"], f"its headers are not an object of strings: {error}")


_decode = msgspec.json.Decoder(dict[str, str]).decode
