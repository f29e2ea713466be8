"""RabbitMQ, by aio-pika.

Headers as in the CloudEvents AMQP protocol binding, section 3.1, whose application properties are AMQP 0-9-1's headers:
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/amqp-protocol-binding.md
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

from aio_pika import Channel, Message
from aio_pika.abc import DeliveryMode
from aio_pika.exceptions import AMQPError, ChannelClosed, ChannelInvalidStateError, PublishError
from faststream.rabbit import RabbitBroker, RabbitExchange, RabbitPublishCommand
from faststream.response.publish_type import PublishType

from uow_events.brokers.faststream.driver import OneByOneDriver, text_of
from uow_events.brokers.faststream.headers import to_headers
from uow_events.brokers.faststream.limits import Limits
from uow_events.brokers.message import BrokerMessage
from uow_events.errors import InvalidArgumentError

LARGE = 2**20
"""Bytes above which a message has a channel of its own; RabbitMQ's own limits (16 or 128 MiB) are far above."""
MAX_SHORT_STRING = 255
"""Bytes of a routing key, and of a property that is no header."""


class RabbitMQDriver(OneByOneDriver):
    """The topic is the routing key; the key goes along as the header `cloudEvents_partitionkey`.

    RabbitMQ answers a message that it refuses by closing the channel, and, where more of them are on their way there,
    the connection. So what it may refuse has a channel of its own: the first message of each exchange and topic, and
    each large one. The others share one; where that is lost, each topic begins anew with a channel of its own. Channels
    are plain ones of the broker's connection: FastStream's, which restores itself, stays closed after a refusal.
    """

    LOST: ClassVar[tuple[type[BaseException], ...]] = (ChannelClosed, ChannelInvalidStateError)

    def __init__(self, broker: RabbitBroker, limits: Limits, exchange: str | Callable[[str], str] = "") -> None:
        super().__init__(broker, limits)
        if not isinstance(exchange, str) and not callable(exchange):  # pyright: ignore[reportUnnecessaryComparison]
            raise InvalidArgumentError("exchange", f"a str or a function of the topic, and is {exchange!r}")
        self._exchange = exchange
        self._channel: Channel | None = None
        self._taken: set[tuple[str, str]] = set()
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Close the connection, and the channel with it."""
        self._channel = None
        await super().close()

    async def ping(self) -> None:
        """Open a channel and close it."""
        async with await self._new_channel():
            pass

    async def send(self, message: BrokerMessage) -> None:
        """Publish to the exchange, and wait until the message is in a queue."""
        topic = message.topic
        if (size := len(topic.encode())) > MAX_SHORT_STRING:
            raise Refused(f"the topic takes {size} bytes, and a routing key may have {MAX_SHORT_STRING}")
        headers: dict[str, Any] = {**to_headers(message, "cloudEvents_")}
        exchange = self._exchange(topic) if callable(self._exchange) else self._exchange
        command = RabbitPublishCommand(
            message.payload,
            routing_key=topic,
            exchange=RabbitExchange(exchange),
            headers=headers,
            content_type=headers.pop("content-type", None),
            correlation_id=message.headers.get("correlationid"),
            message_id=str(message.id),
            message_type=message.type,
            timestamp=message.occurred_at,
            _publish_type=PublishType.PUBLISH,
        )
        await self._through_middlewares(command, self._publish)

    def why_refused(self, error: BaseException) -> str | None:
        """Return why: no such exchange, no permission, too large, no queue that takes it, or too long for AMQP."""
        if isinstance(error, PublishError):
            return f"it reaches no queue ({text_of(error)}): bind one to its exchange"
        return text_of(error) if isinstance(error, Refused) else None

    async def _publish(self, command: RabbitPublishCommand) -> None:
        kind = (command.exchange.name, command.destination)
        if kind in self._taken and len(command.body) <= LARGE:
            try:
                await publish_on(await self._shared_channel(), command)
            except (ChannelClosed, ChannelInvalidStateError, ConnectionError):
                self._taken.clear()
                raise
            return
        async with await self._new_channel() as channel:
            try:
                await publish_on(channel, command)
            except ChannelClosed as error:
                raise Refused(text_of(error)) from error
        self._taken.add(kind)

    async def _shared_channel(self) -> Channel:
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                self._channel = await self._new_channel()
            return self._channel

    async def _new_channel(self) -> Channel:
        connection = await self.broker.connect()
        if not connection.connected.is_set():
            raise ConnectionError("the connection is lost, and not there again yet")
        channel = Channel(connection, publisher_confirms=True, on_return_raises=True)
        await channel.initialize()
        return channel


class Refused(AMQPError):
    """The broker closed a channel for the one message that was on its way there, or the message is none of AMQP."""


async def publish_on(channel: Channel, command: RabbitPublishCommand) -> None:
    """Publish on a channel, persistently, and wait for the confirm."""
    exchange = await channel.get_exchange(command.exchange.name, ensure=False)
    await exchange.publish(to_amqp(command), command.destination, mandatory=True)


def to_amqp(command: RabbitPublishCommand) -> Message:
    """Return the message; an id or name that is too long for a property of AMQP stands in its header only."""
    options: dict[str, Any] = dict(command.message_options)
    return Message(
        command.body,
        headers=dict(command.headers),
        delivery_mode=DeliveryMode.PERSISTENT,
        content_type=options["content_type"],
        correlation_id=_short(command.correlation_id),
        message_id=options["message_id"],
        type=_short(options["message_type"]),
        timestamp=options["timestamp"],
    )


def _short(value: str | None) -> str | None:
    return value if value is None or len(value.encode()) <= MAX_SHORT_STRING else None


DRIVER = RabbitMQDriver
