"""NATS JetStream, by nats-py.

Headers as in the CloudEvents NATS protocol binding, section 3.1 of its version 1.0.3, the first with binary mode:
https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import quote

from faststream.nats import NatsPublishCommand
from faststream.response.publish_type import PublishType
from nats.aio.client import Client
from nats.errors import (
    BadHeaderError,
    BadSubjectError,
    ConnectionClosedError,
    ConnectionDrainingError,
    ConnectionReconnectingError,
    Error,
    MaxPayloadError,
    NoServersError,
    OutboundBufferLimitError,
    StaleConnectionError,
)
from nats.js.client import JetStreamContext
from nats.js.errors import APIError

from uow_events.brokers.faststream.driver import OneByOneDriver, text_of
from uow_events.brokers.faststream.headers import CONTENT_TYPE, to_headers
from uow_events.brokers.message import BrokerMessage

PRINTABLE = "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"
"""Of ASCII's printable characters those that are not percent-encoded, beside letters and digits."""
MESSAGE_TOO_LARGE = 10054
"""JetStream's code for a message over the stream's max_msg_size."""


class NatsDriver(OneByOneDriver):
    """The topic is the subject, which a stream must take; the key goes along as the header `ce-partitionkey`.

    `Nats-Msg-Id` is the event's id, by which the server drops what it has got already within its duplicate window.
    """

    LOST: ClassVar[tuple[type[BaseException], ...]] = (
        ConnectionClosedError,
        ConnectionDrainingError,
        ConnectionReconnectingError,
        NoServersError,
        OutboundBufferLimitError,
        StaleConnectionError,
    )

    async def connect(self) -> None:
        """Connect, also where the client has given its connection up for good."""
        connection: Client = await self.broker.connect()
        if connection.is_closed:
            await self.close()
            connection = await self.broker.connect()
        if not connection.is_connected:
            raise ConnectionError("the connection is lost, and not there again yet")

    async def close(self) -> None:
        """Close the connection, also where it is lost, when FastStream's stop() fails halfway."""
        with suppress(Error):
            await self.broker.stop()
        connection: Client | None = self.broker._connection  # pyright: ignore[reportPrivateUsage]
        if connection is not None:
            await connection.close()
            self.broker._connection = None  # pyright: ignore[reportPrivateUsage]

    async def ping(self) -> None:
        """Wait for the server's answer to a PING."""
        connection: Client = await self.broker.connect()
        await connection.flush(timeout=max(1, int(self.limits.seconds)))

    async def send(self, message: BrokerMessage) -> None:
        """Publish to the stream of the subject, and wait for its acknowledgement."""
        command = NatsPublishCommand(
            message.payload,
            subject=message.topic,
            headers=_headers(message),
            correlation_id=message.headers.get("correlationid"),
            timeout=self.limits.seconds,
            _publish_type=PublishType.PUBLISH,
        )
        await self._through_middlewares(command, self._publish)

    def why_refused(self, error: BaseException) -> str | None:
        """Return why: too large for the server or the stream, or nothing that can be a subject or a header."""
        if isinstance(error, (MaxPayloadError, BadSubjectError, BadHeaderError)):
            return text_of(error)
        if isinstance(error, APIError) and error.err_code == MESSAGE_TOO_LARGE:
            return text_of(error)
        return None

    async def _publish(self, command: NatsPublishCommand) -> None:
        connection: Client = await self.broker.connect()
        headers = command.headers_to_publish(js=True)
        if len(command.body) + _size(headers) > connection.max_payload:
            raise MaxPayloadError  # the client looks at the bytes alone, and the server closes the connection
        jetstream: JetStreamContext = connection.jetstream()  # pyright: ignore[reportUnknownMemberType]
        await jetstream.publish(command.destination, command.body, headers=headers, timeout=command.timeout)


def _headers(message: BrokerMessage) -> dict[str, str]:
    """Return the headers; the sender's own cannot be those by which NATS is told to do something."""
    headers = to_headers(message, "ce-", encode=percent_encoded)
    headers = {name: value for name, value in headers.items() if not name.lower().startswith("nats-")}
    if CONTENT_TYPE in message.headers:
        headers[f"ce-{CONTENT_TYPE}"] = percent_encoded(message.headers[CONTENT_TYPE])
    return headers | {"Nats-Msg-Id": str(message.id)}


def percent_encoded(value: str) -> str:
    """Return an attribute's value as the binding wants it: all but printable ASCII percent-encoded, and space, ", %."""
    return quote(value, safe=PRINTABLE)


def _size(headers: Mapping[str, Any]) -> int:
    return len("NATS/1.0\r\n\r\n") + sum(len(f"{name}: {value}\r\n".encode()) for name, value in headers.items())


DRIVER = NatsDriver
