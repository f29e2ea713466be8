"""How notification events leave a unit of work, seen from inside."""

from __future__ import annotations

from typing import Any, Protocol

from uow_events.messages.context import MessageContext
from uow_events.messages.record import Record
from uow_events.messages.transaction_mark import TransactionMark


class OpenChannel(Protocol):
    """The channel of one unit of work."""

    async def publish(self, record: Record) -> None:
        """Take one notification event, in recorded order; errors roll the unit of work back.

        `record.available_at`, where it is given, is to be kept, or refused with an error.
        """
        ...

    def write(self, session: Any) -> TransactionMark | None:
        """Write what was taken, as the last statement before the commit; runs in the session's greenlet.

        Returns what tells the transaction from others, where the statement brought it along.
        """
        ...

    def committed(self) -> None:
        """Hear that the transaction has been committed; must neither block nor fail."""
        ...


class NotificationChannel(Protocol):
    """Where notification events go: chosen once, opened for each unit of work."""

    def open(self, context: MessageContext) -> OpenChannel:
        """Return the channel of one unit of work."""
        ...
