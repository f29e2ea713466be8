"""A stream of NATS, and what is in it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import nats
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import StorageType

from tests.brokers.attributes import of_message
from tests.brokers.services import url_of
from uow_events.testing import Arrived


async def add(topic: str, url: str) -> None:
    """Add a stream that survives the server."""
    client = await nats.connect(url)
    await client.jetstream().add_stream(name=topic, subjects=[topic])
    await client.close()


@asynccontextmanager
async def stream(topic: str, **options: Any) -> AsyncIterator[JetStreamContext]:
    """A stream with the subjects of a topic and below, for as long as the block runs."""
    client = await nats.connect(url_of("nats"))
    jetstream = client.jetstream()
    await jetstream.add_stream(name=topic, subjects=[topic, f"{topic}.>"], storage=StorageType.MEMORY, **options)
    try:
        yield jetstream
    finally:
        await jetstream.delete_stream(topic)
        await client.close()


async def get_all(jetstream: JetStreamContext, topic: str) -> list[Msg]:
    count = (await jetstream.stream_info(topic)).state.messages
    subscription = await jetstream.subscribe(topic, ordered_consumer=True)
    return [await subscription.next_msg(timeout=10) for _ in range(count)]


async def arrived(jetstream: JetStreamContext, topic: str) -> Sequence[Arrived]:
    return [of_nats(message) for message in await get_all(jetstream, topic)]


def of_nats(message: Msg) -> Arrived:
    headers = {name: unquote(value) if name.startswith("ce-") else value for name, value in message.headers.items()}
    del headers["ce-datacontenttype"]
    return of_message(message.data, headers, "ce-")
