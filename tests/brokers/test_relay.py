"""A relay and a real broker: what is in the outbox arrives, in order per key, and what is refused is a dead letter."""

from faststream.nats import NatsBroker
from faststream.rabbit import RabbitBroker
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.brokers import jetstream, rabbitmq
from tests.brokers.services import url_of
from tests.integration.relay.rows import dead, left, put
from uow_events import Relay
from uow_events.brokers import FastStreamBroker


async def test_what_is_in_the_outbox_arrives_in_order_per_key(engine: AsyncEngine, topic: str) -> None:
    payloads = [f"{key}:{number}" for number in range(50) for key in "abcde"]
    await put(engine, *payloads, topic=topic)
    async with jetstream.stream(topic) as stream:
        async with FastStreamBroker(NatsBroker(url_of("nats"), logger=None)) as broker:
            await Relay(engine, broker).drain()
        arrived = [message.data.decode() for message in await jetstream.get_all(stream, topic)]
    assert sorted(arrived) == sorted(payloads)
    for key in "abcde":
        assert [each for each in arrived if each.startswith(key)] == [f"{key}:{number}" for number in range(50)]
    assert await left(engine) == []


async def test_what_the_broker_refuses_is_dead_at_once_and_its_key_flows_on(engine: AsyncEngine, topic: str) -> None:
    async with rabbitmq.channel() as channel:
        await channel.declare_queue(topic, exclusive=True)
        await put(engine, "a:1", topic=f"{topic}.nowhere")
        await put(engine, "a:2", "b:1", topic=topic)
        async with FastStreamBroker(RabbitBroker(url_of("rabbitmq"), logger=None)) as broker:
            await Relay(engine, broker).drain()
        arrived = {message.body for message in await rabbitmq.get_all(channel, topic)}
    assert arrived == {b"a:2", b"b:1"}
    ((payload, error, attempts),) = await dead(engine)
    assert (payload, attempts) == ("a:1", 1)
    assert error.startswith(f"MessageRefusedError: The broker refuses the message for the topic '{topic}.nowhere' for")
    assert "NO_ROUTE" in error
