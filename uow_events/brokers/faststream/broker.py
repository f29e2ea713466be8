"""Publishes through a broker of FastStream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from uow_events.brokers.faststream.choosing import driver_of
from uow_events.brokers.faststream.limits import Limits
from uow_events.brokers.message import BrokerMessage

logger = logging.getLogger("uow_events")

if TYPE_CHECKING:
    from faststream.kafka import KafkaBroker
    from faststream.nats import NatsBroker
    from faststream.rabbit import RabbitBroker
    from faststream.redis import RedisBroker


class FastStreamBroker:
    """A Broker on FastStream's KafkaBroker, RabbitBroker, NatsBroker (JetStream) or RedisBroker (streams).

    A message is published when the broker has confirmed it: Kafka by its acknowledgement, RabbitMQ by a publisher
    confirm of a message that reached a queue, JetStream by its acknowledgement, Redis by the entry's id. The stored
    bytes go untouched; CloudEvents 1.0 attributes go beside them in binary mode. Messages of one call are on their way
    together, those of successive calls arrive in the order of the calls.

    As an async context manager it connects at the start and closes at the end; without, it connects at the first
    publish(). A connection that the broker closes is opened again. A broker that its own application has started
    (`broker.start()`) is left running.

    Args:
        broker: FastStream's broker: its address, security, middlewares.
        publish_timeout: for each message until it is confirmed, and for connecting.
        concurrency: messages on their way at a time.
        exchange: RabbitMQ only: the exchange to publish to, or a function that gives the one of a topic; the topic is
            the routing key. By default the exchange "", which takes each message to the queue named as its topic.

    Raises:
        InvalidArgumentError: an argument is not what it must be.
        MissingExtraError: the client of this kind of broker is not installed.
    """

    def __init__(
        self,
        broker: KafkaBroker | RabbitBroker | NatsBroker | RedisBroker,
        *,
        publish_timeout: timedelta = timedelta(seconds=10),
        concurrency: int = 100,
        exchange: str | Callable[[str], str] | None = None,
    ) -> None:
        options: dict[str, Any] = {} if exchange is None else {"exchange": exchange}
        self._limits = Limits(publish_timeout, concurrency)
        self._driver = driver_of(broker, self._limits, options)
        self._connecting = asyncio.Lock()

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        """Publish a batch: one outcome per message, in the same order; one refused message says nothing of the others.

        MessageRefusedError for a message that the broker will never take, BrokerUnavailableError while it cannot be
        reached, TimeoutError for one that was not confirmed in time; any other error is a failed attempt. After a
        cancellation it is open which of them were published.
        """
        if not messages:
            return []
        try:
            await self._connect()
        except Exception as error:
            unavailable = self._driver.unavailable(error)
            unavailable.__cause__ = error
            return [unavailable] * len(messages)
        outcomes = await self._driver.publish(messages)
        return [self._driver.outcome(message, error) for message, error in zip(messages, outcomes, strict=True)]

    async def ping(self) -> None:
        """Return when the broker has answered.

        Raises:
            BrokerUnavailableError: it did not, within the publish_timeout.
        """
        try:
            await self._connect()
            async with asyncio.timeout(self._limits.seconds):
                await self._driver.ping()
        except Exception as error:
            raise self._driver.unavailable(error) from error

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            BrokerUnavailableError: the broker cannot be reached, or does not let this client in.
        """
        try:
            await self._connect()
        except Exception as error:
            raise self._driver.unavailable(error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection within the publish_timeout, unless the broker was started by its own application."""
        if self._driver.broker.running:
            return
        try:
            async with asyncio.timeout(self._limits.seconds):
                await self._driver.close()
        except Exception as failure:
            logger.warning("A connection was not closed properly: %s", self._driver.unavailable(failure))

    async def _connect(self) -> None:
        async with self._connecting, asyncio.timeout(self._limits.seconds):
            await self._driver.connect()
