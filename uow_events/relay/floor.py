"""The id below which nothing can be committed any more."""

from __future__ import annotations

from typing import Any

from uow_events.relay.statements import RUNNING


class Floor:
    """Ids are given before the commit, so a lower one may become visible after a higher one.

    What ran when an id was seen may hold lower ids; once all of that has ended, nothing below it can come. Passing rows
    by on less would deliver a key's later message before the earlier one that was committed between two claims. A long
    transaction elsewhere keeps the floor where it is, and costs reading, never a message.
    """

    def __init__(self) -> None:
        self.id = 0
        self._seen = 0
        self._candidate = 0
        self._ended_at = 0

    def pass_by(self, id: int) -> None:
        """Take note of an id that was seen."""
        self._seen = max(self._seen, id)

    async def raise_(self, driver: Any) -> None:
        """Ask which transactions run, and raise the floor to what was seen before those that have ended."""
        seen = self._seen
        oldest, following, *_ = await driver.fetchrow(RUNNING)
        if oldest >= self._ended_at:
            self.id = max(self.id, self._candidate)
            self._candidate, self._ended_at = seen, following
