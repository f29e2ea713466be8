from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from uow_events import (
    BrokerMessage,
    DirectPublishing,
    InMemoryBroker,
    MessageContext,
    NotificationError,
    NotificationEvent,
    PublishingError,
)
from uow_events.messages import Record


@dataclass
class Joined(NotificationEvent, topic="meetings"):
    user: str


class RefusingBroker:
    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        return [ConnectionError("no broker") for _ in messages]


async def test_a_notification_is_published_at_once() -> None:
    broker = InMemoryBroker()
    channel = DirectPublishing(broker, source="meetings-service").open(MessageContext())
    await channel.publish(Record(Joined("Ann"), None))
    await channel.publish(Record(Joined("Bob"), None))
    channel.write(None)
    assert [message.payload for message in broker.messages] == [b'{"user":"Ann"}', b'{"user":"Bob"}']
    assert {message.headers["source"] for message in broker.messages} == {"meetings-service"}


async def test_a_refusal_of_the_broker_is_an_error_with_its_cause() -> None:
    with pytest.raises(PublishingError) as caught:
        await DirectPublishing(RefusingBroker()).open(MessageContext()).publish(Record(Joined("Ann"), None))
    assert str(caught.value) == "The broker did not accept Joined for the topic 'meetings'"
    assert repr(caught.value.__cause__) == "ConnectionError('no broker')"


async def test_a_message_over_the_limit_is_not_published() -> None:
    broker = InMemoryBroker()
    with pytest.raises(NotificationError, match="it takes 14 bytes, and max_message_size is 13"):
        await DirectPublishing(broker, max_message_size=13).open(MessageContext()).publish(Record(Joined("Ann"), None))
    assert broker.messages == []
