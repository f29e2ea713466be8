"""A stream of Redis, and what is in it."""

from collections.abc import Sequence

from faststream.redis import BinaryMessageFormatV1
from redis.asyncio import Redis

from tests.brokers.attributes import of_message
from uow_events.testing import Arrived


async def arrived(client: "Redis", topic: str) -> Sequence[Arrived]:
    entries = await client.xrange(topic)
    parsed = [BinaryMessageFormatV1.parse(fields[b"__data__"]) for _, fields in entries]
    return [of_message(bytes(payload), headers, "ce_") for payload, headers in parsed]
