"""Recording for handler objects."""

from __future__ import annotations

from uow_events.errors import NoUnitOfWorkError, UnitOfWorkClosedError, name_of
from uow_events.messages.invocation import running_invocation
from uow_events.messages.record import EventOrBuilder, Record
from uow_events.messages.schedule import AvailableAt

_KEPT = "_uow_events_recorded"
_CALLED = "_uow_events_called"


class RecordsEvents:
    """What command and event handlers share: follow-ups go out through `self.record(event)`.

    Records belong to the running invocation, not to the instance: one that the container reuses never leaks or repeats
    a record, also under concurrent sends.
    """

    def record(self, event: EventOrBuilder, *, available_at: AvailableAt | None = None) -> None:
        """Record an event, or a callable that builds one after the next flush.

        A NotificationEvent is not delivered before `available_at`; a timedelta counts from the end of the transaction.

        Raises:
            NotAMessageError: it is no event.
            UnschedulableEventError: it was given a time, and is no NotificationEvent.
            InvalidArgumentError: `available_at` is no datetime with a time zone, and no timedelta above 0.
            NoUnitOfWorkError: no unit of work is running, and it is a callable, or this handler has been called by one.
            UnitOfWorkClosedError: the unit of work that called this handler has ended.
        """
        invocation = running_invocation()
        if invocation is not None:
            if not invocation.is_open:
                raise UnitOfWorkClosedError(f"{name_of(type(self))}.record()")
            invocation.record(event, self, available_at)
            return
        if self.__dict__.get(_CALLED):  # by a unit of work that cannot be seen from here, as from an executor's thread
            raise NoUnitOfWorkError(f"{name_of(type(self))}.record()")
        if not Record(event, self, None, available_at).is_built:
            raise NoUnitOfWorkError("Recording a callable")
        self.__dict__.setdefault(_KEPT, []).append(event)

    @property
    def events(self) -> tuple[EventOrBuilder, ...]:
        """What this handler recorded in the running invocation; outside of any, as in unit tests, all it recorded."""
        invocation = running_invocation()
        if invocation is not None:
            return invocation.recorded_by(self)
        return tuple(self.__dict__.get(_KEPT, ()))


def note_call(handler: object) -> None:
    """Take it that a handler is called by a unit of work: from here on it keeps no records with itself."""
    if isinstance(handler, RecordsEvents):
        handler.__dict__[_CALLED] = True
