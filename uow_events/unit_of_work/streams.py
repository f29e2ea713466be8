"""Rows that come by a server-side cursor: each fetch is a statement, also one of a result that somebody kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uow_events.unit_of_work.fence import Fence


class FencedCursor:
    """A driver's cursor that fetches one at a time, and never after its unit of work has ended.

    On the wire a late fetch would go to a connection that is another unit of work's by then, and fail that.
    """

    def __init__(self, cursor: Any, fence: Fence) -> None:
        self._cursor = cursor
        self._fence = fence

    def fetchone(self) -> Any:
        """Fetch a row."""
        return self._in_turn(self._cursor.fetchone)

    def fetchmany(self, *size: int) -> Any:
        """Fetch some rows."""
        return self._in_turn(self._cursor.fetchmany, *size)

    def fetchall(self) -> Any:
        """Fetch the rows that are left."""
        return self._in_turn(self._cursor.fetchall)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def _in_turn(self, fetch: Callable[..., Any], *size: int) -> Any:
        self._fence.enter("The fetch of a stream")
        try:
            return fetch(*size)
        finally:
            self._fence.leave()
