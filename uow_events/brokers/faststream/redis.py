"""Redis streams, by redis-py.

CloudEvents has no binding for Redis: the headers are those of its Kafka binding, in FastStream's message format.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from faststream.redis import RedisBroker, RedisClusterBroker
from redis import exceptions

from uow_events.brokers.faststream.driver import Driver, text_of
from uow_events.brokers.faststream.headers import to_headers
from uow_events.brokers.faststream.limits import Limits
from uow_events.brokers.faststream.pipelining import attempt
from uow_events.brokers.message import BrokerMessage
from uow_events.errors import InvalidArgumentError


class RedisDriver(Driver):
    """The topic is the stream; the key goes along as the header `ce_partitionkey`.

    Each entry has the one field `__data__`: FastStream's binary message format, headers and bytes. A batch goes in
    pipelines, not in transactions, of `concurrency` messages.
    """

    LOST: ClassVar[tuple[type[BaseException], ...]] = (
        exceptions.ConnectionError,
        exceptions.OutOfMemoryError,
        exceptions.ReadOnlyError,
    )
    LATE: ClassVar[tuple[type[BaseException], ...]] = (exceptions.TimeoutError,)

    def __init__(self, broker: RedisBroker, limits: Limits) -> None:
        if isinstance(broker, RedisClusterBroker):
            raise InvalidArgumentError("broker", "a RedisBroker of one server, and is a RedisClusterBroker")
        super().__init__(broker, limits)

    async def connect(self) -> None:
        """Make the pool, and find out on first use whether the server is there."""
        await self.broker.connect()

    async def ping(self) -> None:
        """Send a PING."""
        client = await self.broker.connect()
        await client.ping()

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        """Send the messages in pipelines, one after another."""
        outcomes: list[BaseException | None] = []
        for start in range(0, len(messages), self.limits.concurrency):
            outcomes += await self._pipelined(messages[start : start + self.limits.concurrency])
        return outcomes

    def why_refused(self, error: BaseException) -> str | None:
        """Return why: the key is no stream, or no permission."""
        no_stream = isinstance(error, exceptions.ResponseError) and str(error).startswith("WRONGTYPE")
        return text_of(error) if no_stream or isinstance(error, exceptions.NoPermissionError) else None

    async def _pipelined(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        answers: list[object] = []

        async def send() -> None:
            client = await self.broker.connect()
            async with client.pipeline(transaction=False) as pipeline:
                for message in messages:
                    await self.broker.publish(
                        message.payload,
                        stream=message.topic,
                        headers={name: value.encode() for name, value in to_headers(message, "ce_").items()},
                        correlation_id=message.headers.get("correlationid"),
                        pipeline=pipeline,
                    )
                answers.extend(await pipeline.execute(raise_on_error=False))

        error = await attempt(send(), self.limits.seconds)
        if error is not None:
            return [error] * len(messages)
        return [answer if isinstance(answer, Exception) else None for answer in answers]


DRIVER = RedisDriver
