"""The contract of Broker, run over each one that comes with this package."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from faststream.kafka import KafkaBroker
from faststream.nats import NatsBroker
from faststream.rabbit import RabbitBroker
from faststream.redis import RedisBroker
from redis.asyncio import Redis

from tests.brokers import jetstream, kafka, rabbitmq, redis_streams
from tests.brokers.services import url_of
from uow_events import BrokerMessage, InMemoryBroker
from uow_events.brokers import FastStreamBroker
from uow_events.testing import Arrived, BrokerContract, make_message
from uow_events.testing.broker_contract import Read

PATIENT = timedelta(seconds=60)


class TestInMemoryBroker(BrokerContract):
    @pytest.fixture
    def broker(self) -> InMemoryBroker:
        return InMemoryBroker()

    @pytest.fixture
    def read(self, broker: InMemoryBroker) -> Read:
        async def read(topic: str) -> list[Arrived]:
            return [Arrived(message.key, message.payload, message.headers) for message in broker.of_topic(topic)]

        return read


class TestRabbitMQ(BrokerContract):
    @pytest.fixture
    async def broker(self) -> AsyncIterator[FastStreamBroker]:
        rabbit = RabbitBroker(url_of("rabbitmq"), logger=None)
        exchanges = {"refused": "no-such-exchange"}
        async with FastStreamBroker(
            rabbit, publish_timeout=PATIENT, exchange=lambda topic: exchanges.get(topic, "")
        ) as broker:
            yield broker

    @pytest.fixture
    async def read(self, topic: str) -> AsyncIterator[Read]:
        async with rabbitmq.channel() as channel:
            await channel.declare_queue(topic, exclusive=True)
            yield lambda topic: rabbitmq.arrived(channel, topic)

    @pytest.fixture
    def refused(self) -> BrokerMessage:
        return make_message("refused", b"")


class TestNats(BrokerContract):
    @pytest.fixture
    async def broker(self) -> AsyncIterator[FastStreamBroker]:
        async with FastStreamBroker(NatsBroker(url_of("nats"), logger=None), publish_timeout=PATIENT) as broker:
            yield broker

    @pytest.fixture
    async def read(self, topic: str) -> AsyncIterator[Read]:
        async with jetstream.stream(topic) as stream:
            yield lambda topic: jetstream.arrived(stream, topic)

    @pytest.fixture
    def refused(self, topic: str) -> BrokerMessage:
        return make_message(topic, b"x" * 2**20)


class TestRedis(BrokerContract):
    @pytest.fixture
    async def client(self, topic: str) -> "AsyncIterator[Redis]":
        async with Redis.from_url(url_of("redis")) as client:
            yield client
            await client.delete(topic, f"{topic}:text")

    @pytest.fixture
    async def broker(self) -> AsyncIterator[FastStreamBroker]:
        async with FastStreamBroker(RedisBroker(url_of("redis"), logger=None), publish_timeout=PATIENT) as broker:
            yield broker

    @pytest.fixture
    def read(self, client: "Redis") -> Read:
        return lambda topic: redis_streams.arrived(client, topic)

    @pytest.fixture
    async def refused(self, client: "Redis", topic: str) -> BrokerMessage:
        await client.set(f"{topic}:text", "no stream")
        return make_message(f"{topic}:text", b"")


@pytest.fixture(scope="module")
def servers() -> Iterator[list[str]]:
    with kafka.cluster() as servers:
        yield servers


class TestKafka(BrokerContract):
    @pytest.fixture
    async def broker(self, servers: list[str]) -> AsyncIterator[FastStreamBroker]:
        kafka_broker = KafkaBroker(servers, acks="all", logger=None)
        async with FastStreamBroker(kafka_broker, publish_timeout=PATIENT) as broker:
            yield broker

    @pytest.fixture
    def read(self, servers: list[str]) -> Read:
        return lambda topic: kafka.arrived(servers, topic)

    @pytest.fixture
    def refused(self, topic: str) -> BrokerMessage:
        return make_message(topic, b"x" * 2**20)
