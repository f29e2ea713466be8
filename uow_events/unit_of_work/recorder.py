"""Recording for those who are no aggregate and no handler object."""

from __future__ import annotations

from typing import Protocol

from uow_events.messages import AvailableAt, EventOrBuilder


class _Records(Protocol):
    def record(self, event: EventOrBuilder, *more: EventOrBuilder, available_at: AvailableAt | None = None) -> None: ...


class Recorder:
    """Records into the unit of work it was injected from; for function handlers, services and repositories."""

    def __init__(self, unit: _Records) -> None:
        self._unit = unit

    def record(self, event: EventOrBuilder, *more: EventOrBuilder, available_at: AvailableAt | None = None) -> None:
        """Record events, or callables that build one after the next flush, in this order.

        NotificationEvents are not delivered before `available_at`; a timedelta counts from the end of the transaction.

        Raises:
            NotAMessageError: something is no event.
            UnschedulableEventError: one was given a time, and is no NotificationEvent.
            InvalidArgumentError: `available_at` is no datetime with a time zone, and no timedelta above 0.
            UnitOfWorkClosedError: the unit of work has ended, or is committing.
        """
        self._unit.record(event, *more, available_at=available_at)
