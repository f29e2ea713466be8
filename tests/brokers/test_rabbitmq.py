"""RabbitMQ: what becomes of a message there, what it refuses, and how its connection is got back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aio_pika import Channel, DeliveryMode, ExchangeType
from aio_pika.abc import AbstractChannel
from faststream.rabbit import RabbitBroker

from tests.brokers.proxy import proxy_to
from tests.brokers.rabbitmq import channel as open_channel
from tests.brokers.rabbitmq import get_all
from tests.brokers.services import url_of
from tests.brokers.waiting import until_taken
from uow_events import BrokerUnavailableError, InvalidArgumentError, MessageRefusedError
from uow_events.brokers import FastStreamBroker
from uow_events.brokers.faststream.rabbitmq import LARGE, RabbitMQDriver
from uow_events.testing import make_message


@pytest.fixture
async def channel(topic: str) -> AsyncIterator[AbstractChannel]:
    async with open_channel() as channel:
        await channel.declare_queue(topic, exclusive=True)
        yield channel


def broker_on(url: str, **options: Any) -> FastStreamBroker:
    options = {"publish_timeout": timedelta(seconds=30), **options}
    return FastStreamBroker(RabbitBroker(url, logger=None, reconnect_interval=0.1), **options)


async def test_a_message_has_the_headers_of_the_cloudevents_binding(channel: AbstractChannel, topic: str) -> None:
    message = make_message(topic, b"{}", key="k", tenant="t", traceparent="00-1")
    async with broker_on(url_of("rabbitmq")) as broker:
        assert await broker.publish([message]) == [None]
    (found,) = await get_all(channel, topic)
    stored = message.headers
    assert found.headers == {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_id": str(message.id),
        "cloudEvents_source": "/contract",
        "cloudEvents_type": "ContractTested",
        "cloudEvents_time": stored["time"],
        "cloudEvents_correlationid": "c-1",
        "cloudEvents_causationid": "c-2",
        "cloudEvents_partitionkey": "k",
        "tenant": "t",
        "traceparent": "00-1",
    }
    assert (found.content_type, found.correlation_id, found.message_id) == ("application/json", "c-1", str(message.id))
    assert (found.type, found.timestamp) == ("ContractTested", message.occurred_at.replace(microsecond=0))
    assert (found.delivery_mode, found.exchange, found.routing_key) == (DeliveryMode.PERSISTENT, "", topic)


async def test_what_is_too_long_for_a_property_stands_in_its_header_alone(channel: AbstractChannel, topic: str) -> None:
    message = make_message(topic, b"")
    message.headers["correlationid"] = "c" * 256  # type: ignore[index]
    async with broker_on(url_of("rabbitmq")) as broker:
        assert await broker.publish([message]) == [None]
    (found,) = await get_all(channel, topic)
    assert (found.correlation_id, found.headers["cloudEvents_correlationid"]) == (None, "c" * 256)


async def test_the_topic_is_the_routing_key_at_an_exchange(channel: AbstractChannel, topic: str) -> None:
    exchange = await channel.declare_exchange(topic, ExchangeType.TOPIC, auto_delete=True)
    queue = await channel.get_queue(topic, ensure=False)
    await queue.bind(exchange, "meetings.#")
    async with broker_on(url_of("rabbitmq"), exchange=topic) as broker:
        taken, unroutable = await broker.publish([make_message("meetings.joined", b"1"), make_message("rooms", b"2")])
    assert taken is None
    assert isinstance(unroutable, MessageRefusedError)
    assert unroutable.reason == (
        "it reaches no queue (Message delivery failed: Basic.Return(reply_code=312, reply_text='NO_ROUTE', "
        f"exchange={topic!r}, routing_key='rooms')): bind one to its exchange"
    )
    assert [message.body for message in await get_all(channel, topic)] == [b"1"]


async def test_an_exchange_that_nobody_may_publish_to_refuses(channel: AbstractChannel, topic: str) -> None:
    await channel.declare_exchange(topic, internal=True, auto_delete=True)
    async with broker_on(url_of("rabbitmq"), exchange=lambda name: topic if name == "internal" else "") as broker:
        outcomes = await broker.publish([make_message("internal", b""), *(make_message(topic, b"") for _ in range(50))])
    refused, *others = outcomes
    assert isinstance(refused, MessageRefusedError)
    assert refused.reason.startswith("ACCESS_REFUSED - cannot publish to internal exchange")
    assert others == [None] * 50


async def test_a_topic_too_long_for_a_routing_key_is_refused(topic: str) -> None:
    async with broker_on(url_of("rabbitmq")) as broker:
        (outcome,) = await broker.publish([make_message("ü" * 128, b"")])
    assert isinstance(outcome, MessageRefusedError)
    assert outcome.reason == "the topic takes 256 bytes, and a routing key may have 255"


async def test_a_large_message_travels_on_a_channel_of_its_own(
    channel: AbstractChannel, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    open_one = RabbitMQDriver._new_channel

    async def counted(driver: RabbitMQDriver) -> Channel:
        opened.append(driver)
        return await open_one(driver)

    monkeypatch.setattr(RabbitMQDriver, "_new_channel", counted)
    large = b"x" * (LARGE + 1)
    async with broker_on(url_of("rabbitmq")) as broker:
        for payload, channels in ((b"first", 1), (b"shared", 2), (large, 3), (b"last", 3)):
            assert await broker.publish([make_message(topic, payload)]) == [None]
            assert len(opened) == channels
    assert [message.body for message in await get_all(channel, topic)] == [b"first", b"shared", large, b"last"]


async def test_an_exchange_that_is_deleted_while_in_use_refuses_from_then_on(
    channel: AbstractChannel, topic: str
) -> None:
    exchange = await channel.declare_exchange(topic, ExchangeType.FANOUT, auto_delete=False)
    await (await channel.get_queue(topic, ensure=False)).bind(exchange)
    async with broker_on(url_of("rabbitmq"), exchange=lambda name: topic if name == "there" else "") as broker:
        assert await broker.publish([make_message("there", b"")] * 2) == [None] * 2
        await exchange.delete()
        async with asyncio.timeout(60):
            while not isinstance(
                outcome := (await broker.publish([make_message("there", b"")]))[0], MessageRefusedError
            ):
                assert isinstance(outcome, BrokerUnavailableError)
        assert outcome.reason == f"NOT_FOUND - no exchange '{topic}' in vhost '/'"
        assert await until_taken(broker, topic, b"") >= 0


async def test_a_lost_connection_is_opened_again(channel: AbstractChannel, topic: str) -> None:
    async with proxy_to(url_of("rabbitmq")) as proxy, broker_on(proxy.url) as broker:
        for _ in range(3):
            assert await broker.publish([make_message(topic, b"before")]) == [None]
        proxy.cut()
        await until_taken(broker, topic, b"after")
        for _ in range(3):
            assert await broker.publish([make_message(topic, b"after")]) == [None]
        await broker.ping()
        assert proxy.connections == 2
    assert {message.body for message in await get_all(channel, topic)} == {b"before", b"after"}


async def test_a_connection_lost_while_publishing_is_no_failure_of_the_messages(
    channel: AbstractChannel, topic: str
) -> None:
    async with proxy_to(url_of("rabbitmq")) as proxy, broker_on(proxy.url) as broker:
        assert await until_taken(broker, topic, b"") == 0
        proxy.hold()
        publishing = asyncio.create_task(broker.publish([make_message(topic, b"") for _ in range(10)]))
        await asyncio.sleep(0)
        proxy.cut()
        assert {type(outcome) for outcome in await publishing} == {BrokerUnavailableError}


async def test_a_confirm_that_does_not_come_in_time_is_a_timeout(channel: AbstractChannel, topic: str) -> None:
    limit = timedelta(seconds=0.5)
    async with proxy_to(url_of("rabbitmq")) as proxy, broker_on(proxy.url, publish_timeout=limit) as broker:
        await until_taken(broker, topic, b"")
        proxy.hold()
        (outcome,) = await broker.publish([make_message(topic, b"")])
        assert isinstance(outcome, TimeoutError)
        assert str(outcome) == "the broker has not confirmed it within 0.5 s"
        with pytest.raises(BrokerUnavailableError, match="RabbitBroker cannot be reached: TimeoutError"):
            await broker.ping()
        proxy.cut()


async def test_a_server_that_is_not_there_or_lets_nobody_in_is_unavailable_without_its_password() -> None:
    address = url_of("rabbitmq").rpartition("@")[2]
    for url in ("amqp://guest:s3cr3t@127.0.0.1:1/", f"amqp://nobody:s3cr3t@{address}"):
        broker = broker_on(url)
        (outcome,) = await broker.publish([make_message("t", b"")])
        assert isinstance(outcome, BrokerUnavailableError)
        assert outcome.broker == "RabbitBroker"
        assert "s3cr3t" not in f"{outcome} {outcome.__cause__}"
        with pytest.raises(BrokerUnavailableError):
            await broker.__aenter__()


def test_an_exchange_is_a_name_or_a_function() -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        FastStreamBroker(RabbitBroker(), exchange=7)  # type: ignore[arg-type]
    assert str(raised.value) == "The argument exchange must be a str or a function of the topic, and is 7"
