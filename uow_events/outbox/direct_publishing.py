"""Publishing inside the pipeline, before the commit."""

from __future__ import annotations

from typing import Any

from uow_events.brokers import Broker
from uow_events.errors import PublishingError, UnschedulableEventError
from uow_events.messages import MessageContext, Record, check_header
from uow_events.outbox.envelope import DEFAULT_MAX_MESSAGE_SIZE, to_message

REMEDY = "Use Outbox, or record it without available_at"


class DirectPublishing:
    """The plain form of the pattern: each notification event goes to the broker as soon as it is processed.

    A broker that refuses rolls the transaction back. But a later failure cannot recall what was published, and a slow
    broker holds the transaction open: use Outbox unless that is what you want.
    """

    def __init__(
        self, broker: Broker, *, source: str = "uow_events", max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE
    ) -> None:
        self.broker = broker
        check_header("source", source)
        self.source = source
        self.max_message_size = max_message_size

    def open(self, context: MessageContext) -> DirectChannel:
        """Return the channel of one unit of work."""
        return DirectChannel(self, context)


class DirectChannel:
    """Publishes for one unit of work."""

    def __init__(self, publishing: DirectPublishing, context: MessageContext) -> None:
        self._publishing = publishing
        self._context = context

    async def publish(self, record: Record) -> None:
        """Publish one notification event now.

        Raises:
            NotificationError: it cannot be encoded, is too large, or its topic or key is not valid.
            PublishingError: the broker did not accept it; its own error is the cause.
            UnschedulableEventError: it was given a time.
        """
        if record.available_at is not None:
            problem = "DirectPublishing publishes before the commit"
            raise UnschedulableEventError(type(record.build()), problem, REMEDY)
        publishing = self._publishing
        message = to_message(record, self._context, publishing.source, publishing.max_message_size)
        (outcome,) = await publishing.broker.publish([message])
        if outcome is not None:
            raise PublishingError(type(record.build()), message.topic) from outcome

    def write(self, session: Any) -> None:
        """Do nothing: everything has been published already."""

    def committed(self) -> None:
        """Do nothing: nobody waits for it."""
