"""Kafka, by aiokafka.

Headers as in the CloudEvents Kafka protocol binding, section 3.2:
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from __future__ import annotations

from typing import Any, ClassVar

from aiokafka.errors import (  # pyright: ignore[reportMissingTypeStubs]
    InvalidTopicError,
    KafkaConnectionError,
    KafkaTimeoutError,
    KafkaUnavailableError,
    MessageSizeTooLargeError,
    NoBrokersAvailable,
    NodeNotReadyError,
    PolicyViolationError,
    ProducerClosed,
    RecordListTooLargeError,
    RecordTooLargeError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
)
from faststream.kafka import KafkaBroker

from uow_events.brokers.faststream.driver import OneByOneDriver, text_of
from uow_events.brokers.faststream.headers import to_headers
from uow_events.brokers.faststream.limits import Limits
from uow_events.brokers.message import BrokerMessage
from uow_events.errors import InvalidArgumentError

REFUSED = (
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    RecordTooLargeError,
    TopicAuthorizationFailedError,
)


class KafkaDriver(OneByOneDriver):
    """The topic is the Kafka topic, the key the record's key: messages of one key go to one partition."""

    LOST: ClassVar[tuple[type[BaseException], ...]] = (
        KafkaConnectionError,
        KafkaUnavailableError,
        NoBrokersAvailable,
        NodeNotReadyError,
        ProducerClosed,
    )
    LATE: ClassVar[tuple[type[BaseException], ...]] = (KafkaTimeoutError, RequestTimedOutError)

    def __init__(self, broker: KafkaBroker, limits: Limits) -> None:
        settings: dict[str, Any] = broker._connection_kwargs  # pyright: ignore[reportPrivateUsage]
        if settings.get("acks") == 0:
            raise InvalidArgumentError(
                "broker", 'a KafkaBroker with acks="all" or acks=1: with acks=0 nothing confirms'
            )
        super().__init__(broker, limits)

    async def connect(self) -> None:
        """Connect; what a failed start has opened is closed again."""
        try:
            await self.broker.connect()
        except BaseException:
            await self.broker.stop()
            raise

    async def ping(self) -> None:
        """Ask the cluster for its description."""
        await self.broker.config.admin_client.describe_cluster()

    async def send(self, message: BrokerMessage) -> None:
        """Publish a record, and wait for its acknowledgement."""
        await self.broker.publish(
            message.payload,
            message.topic,
            key=None if message.key is None else message.key.encode(),
            headers=to_headers(message, "ce_", has_key=False),
            correlation_id=message.headers.get("correlationid"),
        )

    def why_refused(self, error: BaseException) -> str | None:
        """Return why: too large, no permission for the topic, or against the topic's policy."""
        return text_of(error) if isinstance(error, REFUSED) else None


DRIVER = KafkaDriver
