"""Recording for those who are no aggregate and no handler object."""

from __future__ import annotations

from typing import Protocol

from uow_events.messages import EventOrBuilder


class _Records(Protocol):
    def record(self, event: EventOrBuilder, *more: EventOrBuilder) -> None: ...


class Recorder:
    """Records into the unit of work it was injected from; for function handlers, services and repositories."""

    def __init__(self, unit: _Records) -> None:
        self._unit = unit

    def record(self, event: EventOrBuilder, *more: EventOrBuilder) -> None:
        """Record events, or callables that build one after the next flush, in this order.

        Raises:
            NotAMessageError: something is no event.
            UnitOfWorkClosedError: the unit of work has ended, or is committing.
        """
        self._unit.record(event, *more)
