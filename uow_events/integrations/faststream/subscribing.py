"""What a subscriber of FastStream must be like, so that nothing is acknowledged before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from uow_events.errors import InvalidArgumentError, MissingExtraError, name_of

try:
    from faststream import AckPolicy, Context
    from faststream.message import StreamMessage
except ImportError as error:
    raise MissingExtraError("uow_events.integrations.faststream", "kafka,nats,rabbitmq,redis") from error

__all__ = ["Context", "StreamMessage", "SubscribesTo", "options_for"]
NEEDS: Mapping[str, tuple[str, ...]] = {
    "faststream.kafka": ("group_id",),
    "faststream.nats": ("stream", "durable"),
    "faststream.redis": ("stream",),
    "faststream.rabbit": (),
}
WHY = "without it, the broker keeps nothing for whoever was away"


class SubscribesTo(Protocol):
    """A broker, or router, of FastStream."""

    def subscriber(self, *args: Any, **options: Any) -> Any:
        """Return a subscriber."""
        ...


def options_for(broker: object, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a subscriber, those that are ours included.

    Raises:
        InvalidArgumentError: the broker is none that is known here, or the options would lose messages.
    """
    kind = next((kind for kind in NEEDS if any(_is_from(base, kind) for base in type(broker).__mro__)), None)
    if kind is None:
        known = "a KafkaBroker, RabbitBroker, NatsBroker or RedisBroker of FastStream, or a router of one"
        raise InvalidArgumentError("broker", f"{known}, and is a {name_of(broker)}")
    for name in NEEDS[kind]:
        if given.get(name) is None:
            raise InvalidArgumentError(name, f"given for a {name_of(broker)}: {WHY}")
    if "ack_policy" in given or given.get("batch"):
        raise InvalidArgumentError("options", "without ack_policy and batch: messages are acknowledged one by one")
    if kind == "faststream.redis":
        _check_stream(given["stream"])
    return {"no_reply": True, **given, "ack_policy": AckPolicy.MANUAL}


def _is_from(base: type, package: str) -> bool:
    return base.__module__.startswith(f"{package}.")


def _check_stream(stream: Any) -> None:
    """Make sure that Redis remembers what was not acknowledged."""
    if not getattr(stream, "group", None) or stream.no_ack or stream.batch:
        raise InvalidArgumentError("stream", f"a StreamSub with group and consumer, without no_ack and batch: {WHY}")
