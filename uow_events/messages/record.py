"""One event as it was recorded: what, by whom, in which handler."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from uuid import UUID, uuid4

from uow_events.errors import NotAMessageError, name_of
from uow_events.messages.domain_event import DomainEvent
from uow_events.messages.notification_event import NotificationEvent
from uow_events.messages.schedule import AvailableAt, check_schedulable, check_schedule

if TYPE_CHECKING:
    from uow_events.messages.invocation import Invocation

Event: TypeAlias = DomainEvent | NotificationEvent
EventOrBuilder: TypeAlias = Event | Callable[[], Event]
EXPECTED = "an event (DomainEvent or NotificationEvent) or a callable that builds one"


class Undoable(Protocol):
    """What takes what was made in it along when it is rolled back: a savepoint, or what stands for one."""

    @property
    def is_undone(self) -> bool:
        """Whether it rolled back."""
        ...


class Record:
    """An event, or a callable that builds it after the flush, with the invocation and the savepoint it was made in.

    `available_at` is when it may be delivered, where that was given: a wait counts from when its row is written.
    """

    def __init__(
        self,
        content: EventOrBuilder,
        recorder: object,
        invocation: Invocation | None = None,
        available_at: AvailableAt | None = None,
    ) -> None:
        is_event = isinstance(content, DomainEvent | NotificationEvent)
        if isinstance(content, type) or not (is_event or callable(content)):
            raise NotAMessageError(content, EXPECTED)
        self.content: Any = content
        self.is_built = is_event
        self.recorder = recorder
        self.invocation = invocation
        self.occurred_at = datetime.now(UTC)
        self.savepoint: Undoable | None = None
        self.is_received = False
        self.available_at = available_at
        if available_at is not None:
            check_schedule(available_at)
            if is_event:
                check_schedulable(content)

    @classmethod
    def received(cls, event: Event, id: UUID) -> Record:
        """Return the record of an event that came from a broker, which goes to handlers only, under the id it has."""
        record = cls(event, None)
        record.id = id
        record.is_received = True
        return record

    @cached_property
    def id(self) -> UUID:
        """The event's id, which its message keeps for good."""
        return uuid4()

    @property
    def is_undone(self) -> bool:
        """Whether the savepoint it was made in, or one around it, rolled back."""
        return self.savepoint is not None and self.savepoint.is_undone

    @property
    def is_outgoing(self) -> bool:
        """Whether the built event is one for the channel."""
        return isinstance(self.build(), NotificationEvent) and not self.is_received

    def build(self) -> Event:
        """Return the event, calling the recorded callable once where there is one.

        Raises:
            NotAMessageError: the callable returned something that is no event.
            UnschedulableEventError: what it returned was given a time, and is no NotificationEvent.
        """
        if not self.is_built:
            built = self.content()
            if not isinstance(built, DomainEvent | NotificationEvent):
                if inspect.iscoroutine(built):
                    built.close()
                raise NotAMessageError(built, EXPECTED)
            if self.available_at is not None:
                check_schedulable(built)
            self.content, self.is_built = built, True
        event: Event = self.content
        return event


def path_to(record: Record) -> list[str]:
    """Return the names from the command down to a recorded event, by what caused what."""
    content = record.content
    return [*path_of(record.invocation), name_of(content.__class__ if record.is_built else content)]


def path_of(invocation: Invocation | None) -> list[str]:
    """Return the names from the command down to the message that an invocation handles."""
    names: list[str] = []
    while invocation is not None:
        names.append(invocation.subject)
        invocation = invocation.cause.invocation if invocation.cause else invocation.surrounding
    return names[::-1]
