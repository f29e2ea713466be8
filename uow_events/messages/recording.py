"""Recording for handler objects."""

from __future__ import annotations

from uow_events.errors import NoUnitOfWorkError, UnitOfWorkClosedError, name_of
from uow_events.messages.invocation import running_invocation
from uow_events.messages.record import EventOrBuilder, Record

_KEPT = "_uow_events_recorded"


class RecordsEvents:
    """What command and event handlers share: follow-ups go out through `self.record(event)`.

    Records belong to the running invocation, not to the instance: one that the container reuses never leaks or repeats
    a record, also under concurrent sends.
    """

    def record(self, event: EventOrBuilder) -> None:
        """Record an event, or a callable that builds one after the next flush.

        Raises:
            NotAMessageError: it is no event.
            NoUnitOfWorkError: it is a callable, and no unit of work is running.
            UnitOfWorkClosedError: the unit of work that called this handler has ended.
        """
        invocation = running_invocation()
        if invocation is not None:
            if not invocation.is_open:
                raise UnitOfWorkClosedError(f"{name_of(type(self))}.record()")
            invocation.record(event, self)
            return
        if not Record(event, self).is_built:
            raise NoUnitOfWorkError("Recording a callable")
        self.__dict__.setdefault(_KEPT, []).append(event)

    @property
    def events(self) -> tuple[EventOrBuilder, ...]:
        """What this handler recorded in the running invocation; outside of any, as in unit tests, all it recorded."""
        invocation = running_invocation()
        if invocation is not None:
            return invocation.recorded_by(self)
        return tuple(self.__dict__.get(_KEPT, ()))
