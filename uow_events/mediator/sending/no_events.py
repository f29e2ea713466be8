"""The pipeline of a query: there is none."""

from __future__ import annotations

from uow_events.errors import EventsOfQueryError
from uow_events.unit_of_work import RecordQueue, UnitOfWork


class NoEvents:
    """Takes it that nothing was recorded."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._query = unit.name

    async def drain(self, source: RecordQueue) -> None:
        """Make sure of it.

        Raises:
            EventsOfQueryError: something was.
        """
        recorded = await source.next_generation()
        if recorded:
            raise EventsOfQueryError(self._query, [record.content for record in recorded])
