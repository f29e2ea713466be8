"""A broker for tests and demos."""

from collections.abc import Sequence

from uow_events.brokers.message import BrokerMessage


class InMemoryBroker:
    """Keeps what was published in `messages`, in the order of publishing; accepts everything."""

    def __init__(self) -> None:
        self.messages: list[BrokerMessage] = []

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        """Keep every message and confirm it."""
        self.messages.extend(messages)
        return [None] * len(messages)

    def of_topic(self, topic: str) -> list[BrokerMessage]:
        """Return what was published to one topic, oldest first."""
        return [message for message in self.messages if message.topic == topic]

    async def ping(self) -> None:
        """Return: it is always there."""
