"""A queue of RabbitMQ, and what is in it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel

from tests.brokers.attributes import of_message
from tests.brokers.services import url_of
from uow_events.testing import Arrived


@asynccontextmanager
async def channel() -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(url_of("rabbitmq")) as connection, connection.channel() as channel:
        yield channel


async def get_all(channel: AbstractChannel, topic: str) -> list[aio_pika.abc.AbstractIncomingMessage]:
    queue = await channel.get_queue(topic, ensure=False)
    found = []
    while (message := await queue.get(no_ack=True, fail=False)) is not None:
        found.append(message)
    return found


async def arrived(channel: AbstractChannel, topic: str) -> Sequence[Arrived]:
    return [of_amqp(message) for message in await get_all(channel, topic)]


def of_amqp(message: aio_pika.abc.AbstractIncomingMessage) -> Arrived:
    headers: dict[str, Any] = {**message.headers, "content-type": message.content_type}
    return of_message(message.body, headers, "cloudEvents_")
