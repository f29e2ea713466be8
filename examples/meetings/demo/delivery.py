"""What leaves: a relay takes the outbox to a broker, and what arrives is held against what was stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.meetings.demo.outbox import OUTBOX
from uow_events import Broker, BrokerMessage, Relay

Message = tuple[str, str | None, UUID]
"""Topic, key, and the event's id."""


@dataclass(frozen=True, slots=True)
class Noting:
    """A broker that notes what the one behind it confirms, in that order."""

    behind: Broker
    confirmed: list[Message] = field(default_factory=list[Message])

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        outcomes = await self.behind.publish(messages)
        for message, outcome in zip(messages, outcomes, strict=True):
            if outcome is None:
                self.confirmed.append((message.topic, message.key, message.id))
        return outcomes

    async def ping(self) -> None:
        await self.behind.ping()


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was in the outbox, what reached the broker, and what is left."""

    stored: Sequence[Message]
    confirmed: Sequence[Message]
    left: int

    @property
    def by_topic(self) -> Counter[str]:
        return Counter(topic for topic, _, _ in self.confirmed)

    @property
    def is_in_order(self) -> bool:
        """Whether everything arrived once, and that of each key in the order in which it was stored."""
        return _by_key(self.confirmed) == _by_key(self.stored)

    @property
    def is_complete(self) -> bool:
        return not self.left and self.is_in_order


async def deliver(engine: AsyncEngine, broker: Broker) -> Delivered:
    """Run a relay until nothing is left."""
    stored, noting = await _rows(engine), Noting(broker)
    await Relay(engine, noting).drain()
    return Delivered(stored, noting.confirmed, len(await _rows(engine)))


async def _rows(engine: AsyncEngine) -> list[Message]:
    columns = select(OUTBOX.c.topic, OUTBOX.c.key, OUTBOX.c.event_id).order_by(OUTBOX.c.id)
    async with engine.connect() as connection:
        return [(row.topic, row.key, row.event_id) for row in await connection.execute(columns)]


def _by_key(messages: Sequence[Message]) -> dict[object, list[UUID]]:
    keys: dict[object, list[UUID]] = {}
    for _, key, event_id in messages:
        keys.setdefault(key if key is not None else event_id, []).append(event_id)
    return keys
