"""A recorded notification event as the message that a broker gets."""

from uow_events.brokers import BrokerMessage
from uow_events.errors import NotificationError
from uow_events.messages import (
    MessageContext,
    NotificationEvent,
    Record,
    encode,
    key_of,
    topic_of,
    wire_name,
    wire_version,
    without_credentials,
)

DEFAULT_MAX_MESSAGE_SIZE = 2**20


def to_message(record: Record, context: MessageContext, source: str, max_message_size: int) -> BrokerMessage:
    """Return the message of a record: encoded once, with CloudEvents 1.0 attributes beside the sender's headers.

    Raises:
        NotificationError: it cannot be encoded, is over `max_message_size` bytes, or its topic or key is not valid.
    """
    event = record.build()
    assert isinstance(event, NotificationEvent)
    kind = type(event)
    name, topic, key = wire_name(kind), topic_of(kind), key_of(event)
    payload = encode(event)
    if len(payload) > max_message_size:
        problem = f"it takes {len(payload)} bytes, and max_message_size is {max_message_size}: send a reference instead"
        raise NotificationError(kind, problem)
    return BrokerMessage(
        id=record.id,
        topic=topic,
        key=key,
        type=name,
        payload=payload,
        headers=_headers(record, context, source, name, wire_version(kind)),
        occurred_at=record.occurred_at,
    )


def _headers(record: Record, context: MessageContext, source: str, name: str, version: int) -> dict[str, str]:
    cause = record.invocation.causing_event if record.invocation else None
    return {
        **without_credentials(context.headers),
        "specversion": "1.0",
        "id": str(record.id),
        "source": source,
        "type": name,
        "typeversion": str(version),
        "time": record.occurred_at.isoformat(),
        "datacontenttype": "application/json",
        "correlationid": context.correlation_id,
        "causationid": str(cause.id if cause else context.message_id),
    }


def size_of(message: BrokerMessage) -> int:
    """Return how many bytes of a statement a message takes, about."""
    return len(message.payload) + sum(len(name) + len(value) for name, value in message.headers.items())
