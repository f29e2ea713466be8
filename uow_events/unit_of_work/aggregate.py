"""Objects that record what happened to them."""

from __future__ import annotations

from sqlalchemy import inspect

from uow_events.errors import NoUnitOfWorkError
from uow_events.messages import AvailableAt, Event, EventOrBuilder, Record, running_invocation
from uow_events.unit_of_work.fence import State
from uow_events.unit_of_work.session import FencedSession

_KEPT = "_uow_events_kept"


class AggregateRoot:
    """Mix into an ORM model that records events: `class Meeting(AggregateRoot, Base)`. Needs no constructor.

    Inside a unit of work an event goes to it at once, in the order of the calls, and is kept strongly: the object may
    be forgotten, flushed, deleted or merged. By the commit the object must be attached to the unit's session, else
    UnattachedAggregateError. Outside of one, events stay with the object until it is added to a unit's session.
    """

    def record(self, event: EventOrBuilder, *, available_at: AvailableAt | None = None) -> None:
        """Record an event, or a callable that builds one after the next flush (for database-generated keys).

        A NotificationEvent is not delivered before `available_at`; a timedelta counts from the end of the transaction.

        Raises:
            NotAMessageError: it is no event.
            UnschedulableEventError: it was given a time, and is no NotificationEvent.
            InvalidArgumentError: `available_at` is no datetime with a time zone, and no timedelta above 0.
            NoUnitOfWorkError: it is a callable, and no unit of work is running.
        """
        invocation = running_invocation()
        if invocation is not None and invocation.is_open:
            invocation.record(event, self, available_at)
            return
        record = Record(event, self, None, available_at)
        session = inspect(self).session if inspect(type(self), raiseerr=False) is not None else None
        if isinstance(session, FencedSession) and session.fence.state is State.OPEN:
            session.observer.take(record)  # from a thread or task that was not started inside of the unit of work
            return
        if not record.is_built:
            raise NoUnitOfWorkError("Recording a callable")
        self.__dict__.setdefault(_KEPT, []).append(record)

    @property
    def recorded_events(self) -> tuple[Event, ...]:
        """The events kept with the object, oldest first: those recorded outside of any unit of work."""
        return tuple(record.build() for record in self.__dict__.get(_KEPT, ()))


def take_kept(instance: object) -> list[Record]:
    """Take the records that were kept with an object; it keeps them no longer."""
    kept: list[Record] = instance.__dict__.pop(_KEPT, []) if isinstance(instance, AggregateRoot) else []
    return kept


def give_back(record: Record) -> None:
    """Return a record to the object it came along with."""
    record.invocation = record.savepoint = None
    record.recorder.__dict__.setdefault(_KEPT, []).append(record)
