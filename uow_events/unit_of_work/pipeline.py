"""What a unit of work needs of whatever processes its events."""

from __future__ import annotations

from typing import Protocol

from uow_events.unit_of_work.record_queue import RecordQueue


class Pipeline(Protocol):
    """What processes the recorded events."""

    async def drain(self, source: RecordQueue) -> None:
        """Process everything recorded, and what that records, until nothing is left."""
        ...
