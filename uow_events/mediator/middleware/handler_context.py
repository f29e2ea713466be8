"""What a middleware around a handler knows of its run."""

from __future__ import annotations

from typing import Any

from uow_events.messages import Binding, EventOrBuilder, Invocation, MessageContext, path_of
from uow_events.unit_of_work import UnitOfWork


class HandlerContext:
    """One run of one handler, for a command, a query or an event, inside its transaction."""

    __slots__ = ("_binding", "_invocation", "message", "unit_of_work")

    def __init__(self, binding: Binding, message: object, unit_of_work: UnitOfWork, invocation: Invocation) -> None:
        self.message = message
        self.unit_of_work = unit_of_work
        self._binding = binding
        self._invocation = invocation

    @property
    def handler(self) -> Any:
        """The handler class or function, as it was registered."""
        return self._binding.handler

    @property
    def name(self) -> str:
        """What errors and logs call the handler."""
        return self._binding.name

    @property
    def message_context(self) -> MessageContext:
        """The ids and headers of the command in whose transaction this runs."""
        return self.unit_of_work.context

    @property
    def path(self) -> tuple[str, ...]:
        """The names from the command down to this message, by what caused what."""
        return tuple(path_of(self._invocation))

    @property
    def recorded(self) -> tuple[EventOrBuilder, ...]:
        """What was recorded in this run so far, in order, less what a savepoint took back."""
        return tuple(record.content for record in self._invocation.records if not record.is_undone)
