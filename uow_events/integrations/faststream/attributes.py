"""The CloudEvents attributes of a message, in binary mode, under the names that each broker's binding gives them.

Kafka and Redis have `ce_id`, NATS `ce-id`, AMQP `cloudEvents:id` or `cloudEvents_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from uow_events.errors import UnreadableMessageError
from uow_events.messages import CLOUD_EVENTS, TYPE_VERSION, ReceivedMessage

PREFIXES = ("ce_", "ce-", "cloudevents:", "cloudevents_")
PARTITION_KEY = "partitionkey"
OF_TRANSPORT = frozenset({"content-type", "correlation_id", "message_id", "reply_to"})
OF_BROKERS = ("nats-", "x-")


def received(message: Any) -> tuple[ReceivedMessage, UnreadableMessageError | None]:
    """Return what FastStream received, and why it cannot be consumed, where that can be told."""
    attributes = attributes_of(message.headers)
    key = attributes.pop(PARTITION_KEY, None) or _record_key(message.raw_message)
    topic, payload = topic_of(message.raw_message), bytes(message.body)
    try:
        return ReceivedMessage.of(attributes, topic=topic, payload=payload, key=key), None
    except UnreadableMessageError as error:
        return ReceivedMessage.unreadable(attributes, topic=topic, payload=payload, key=key), error


def attributes_of(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return attributes and headers by their CloudEvents names, less what brokers say to each other."""
    given: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for name, raw in headers.items():
        value: Any = raw.decode(errors="replace") if isinstance(raw, bytes) else raw
        if not isinstance(value, str):
            continue
        lower = name.lower()
        prefix = next((one for one in PREFIXES if lower.startswith(one)), None)
        if prefix is not None:
            attributes[lower.removeprefix(prefix)] = unquote(value) if prefix == "ce-" else value
        elif _is_senders(lower):
            given[name] = value
    return {**given, **attributes}


def topic_of(raw: Any) -> str:
    """Return the topic, routing key, subject or stream that a message came by."""
    if hasattr(raw, "keys"):
        channel: str = raw["channel"]
        return channel
    for name in ("topic", "routing_key", "subject"):
        if isinstance(found := getattr(raw, name, None), str):
            return found
    return ""


def _is_senders(name: str) -> bool:
    if name in CLOUD_EVENTS:
        return name == TYPE_VERSION
    return name not in OF_TRANSPORT and not name.startswith(OF_BROKERS)


def _record_key(raw: Any) -> str | None:
    key: Any = getattr(raw, "key", None)
    return key.decode(errors="replace") if isinstance(key, bytes) else None
