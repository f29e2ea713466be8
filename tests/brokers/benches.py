"""The brokers to consume from: a queue, subject or stream of a test's own on each, and how to publish to it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import aio_pika
import nats
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from faststream.redis import RedisBroker, StreamSub
from nats.js.api import ConsumerConfig, DeliverPolicy, StorageType
from redis.asyncio import Redis

from tests.brokers.services import url_of
from uow_events.integrations.faststream import Consumer


class Bench:
    """A place on a broker; `broker()` is another client of it each time."""

    service: str
    prefix: str

    def __init__(self) -> None:
        self.topic = f"consuming-{uuid4().hex}"
        self.url = url_of(self.service)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Bench":
        await self.prepare()
        self._publishing = await self._stack.enter_async_context(self.broker())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def broker(self) -> Any:
        raise NotImplementedError

    async def prepare(self) -> None: ...

    def subscribe(self, consumer: Consumer, broker: Any, *, takes_over: bool = False) -> Any:
        raise NotImplementedError

    async def publish(self, payload: bytes, attributes: dict[str, str], **headers: str) -> None:
        named = {f"{self.prefix}{name}": value for name, value in attributes.items()}
        await self.send(payload, {**headers, **named, "content-type": "application/json"})

    async def send(self, payload: bytes, headers: dict[str, str]) -> None:
        raise NotImplementedError

    @asynccontextmanager
    async def consuming(self, *consumers: Consumer, takes_over: bool = False) -> AsyncIterator[Any]:
        """Consume on a connection of its own; `takes_over` also what another one did not acknowledge."""
        broker = self.broker()
        for consumer in consumers:
            self.subscribe(consumer, broker, takes_over=takes_over)
        await broker.start()
        try:
            yield broker
        finally:
            await broker.stop()


class Rabbit(Bench):
    service, prefix = "rabbitmq", "cloudEvents_"

    def broker(self) -> RabbitBroker:
        return RabbitBroker(self.url, default_channel=Channel(prefetch_count=1), graceful_timeout=None, logger=None)

    async def prepare(self) -> None:
        connection = await aio_pika.connect(self.url)
        channel = await connection.channel()
        self._queues = [await channel.declare_queue(self._queue(name), durable=True) for name in ("notes", "others")]

        async def delete() -> None:
            for queue in self._queues:
                await queue.delete(if_unused=False, if_empty=False)
            await connection.close()

        self._stack.push_async_callback(delete)

    def _queue(self, consumer: str) -> str:
        return self.topic if consumer == "notes" else f"{self.topic}-{consumer}"

    def subscribe(self, consumer: Consumer, broker: RabbitBroker, *, takes_over: bool = False) -> Any:
        return consumer.subscribe(broker, RabbitQueue(self._queue(consumer.name), durable=True))

    async def send(self, payload: bytes, headers: dict[str, str]) -> None:
        for queue in self._queues:
            await self._publishing.publish(payload, queue=queue.name, headers=headers)


class Nats(Bench):
    service, prefix = "nats", "ce-"

    def broker(self) -> NatsBroker:
        return NatsBroker(self.url, logger=None)

    async def prepare(self) -> None:
        client = await nats.connect(self.url)
        jetstream = client.jetstream()
        await jetstream.add_stream(name=self.topic, subjects=[self.topic], storage=StorageType.MEMORY)

        async def delete() -> None:
            await jetstream.delete_stream(self.topic)
            await client.close()

        self._stack.push_async_callback(delete)

    def subscribe(self, consumer: Consumer, broker: NatsBroker, *, takes_over: bool = False) -> Any:
        return consumer.subscribe(
            broker,
            self.topic,
            stream=JStream(self.topic, declare=False),
            durable=consumer.name,
            pull_sub=PullSub(timeout=0.1),
            config=ConsumerConfig(ack_wait=1, deliver_policy=DeliverPolicy.ALL),
        )

    async def send(self, payload: bytes, headers: dict[str, str]) -> None:
        await self._publishing.publish(payload, self.topic, headers=headers, stream=self.topic)


class Streams(Bench):
    service, prefix = "redis", "ce_"

    def broker(self) -> RedisBroker:
        return RedisBroker(self.url, logger=None)

    async def prepare(self) -> None:
        client = Redis.from_url(self.url)
        for group in ("notes", "others"):
            await client.xgroup_create(self.topic, group, id="0", mkstream=True)

        async def delete() -> None:
            await client.delete(self.topic)
            await client.aclose()

        self._stack.push_async_callback(delete)

    def subscribe(self, consumer: Consumer, broker: RedisBroker, *, takes_over: bool = False) -> Any:
        options = {"min_idle_time": 1} if takes_over else {}
        name = uuid4().hex
        return consumer.subscribe(
            broker, stream=StreamSub(self.topic, group=consumer.name, consumer=name, polling_interval=10, **options)
        )

    async def send(self, payload: bytes, headers: dict[str, str]) -> None:
        encoded = {name: value.encode() for name, value in headers.items()}
        await self._publishing.publish(payload, stream=self.topic, headers=encoded)


BENCHES = [Rabbit, Nats, Streams]
