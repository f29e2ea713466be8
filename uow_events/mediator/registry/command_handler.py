"""The base of command handler classes."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from uow_events.messages import Command, RecordsEvents

C = TypeVar("C", bound=Command[Any])
R = TypeVar("R")


class CommandHandler(RecordsEvents, ABC, Generic[C, R]):
    """Handles one command type, in a transaction that the mediator opened; built by the container per send.

    What it needs, it asks for in its constructor (AsyncSession is the unit of work's). Events go out by
    `self.record(event)`, or through aggregates. It never commits; an exception rolls everything back.
    """

    @abstractmethod
    async def handle(self, command: C, /) -> R:
        """Handle one command and return its response."""
