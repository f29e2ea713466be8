"""Consuming by FastStream: Kafka, RabbitMQ, NATS JetStream, Redis streams (extras kafka, rabbitmq, nats, redis)."""

from uow_events.integrations.faststream.consumer import Consumer

__all__ = ["Consumer"]
