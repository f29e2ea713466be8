from datetime import UTC, datetime
from uuid import UUID

from uow_events import BrokerMessage, InMemoryBroker


def message(topic: str, id: int) -> BrokerMessage:
    now = datetime.now(UTC)
    return BrokerMessage(id=UUID(int=id), topic=topic, key=None, type="T", payload=b"", headers={}, occurred_at=now)


async def test_the_in_memory_broker_keeps_and_confirms_everything_in_order() -> None:
    broker = InMemoryBroker()
    first, second, third = message("a", 1), message("b", 2), message("a", 3)
    assert await broker.publish([first, second]) == [None, None]
    assert await broker.publish([third]) == [None]
    assert await broker.publish([]) == []
    assert broker.messages == [first, second, third]
    assert broker.of_topic("a") == [first, third]
    assert broker.of_topic("c") == []
