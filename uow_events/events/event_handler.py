"""The base of event handler classes."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from uow_events.messages import Event, RecordsEvents

E = TypeVar("E", bound=Event)


class EventHandler(RecordsEvents, ABC, Generic[E]):
    """Handles one event type, in process, in the transaction that recorded it; built by the container per event.

    What it needs, it asks for in its constructor (AsyncSession is the unit of work's). Follow-ups go out by
    `self.record(event)`, into the same pipeline and transaction. An exception rolls everything back.
    """

    @abstractmethod
    async def handle(self, event: E, /) -> None:
        """Handle one event."""
