"""Undoable work that was undone, while a task that was started in it still runs: nobody undoes what that does now."""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar, Token

_running: ContextVar[Work | None] = ContextVar("uow_events_undoable_work", default=None)


class Work:
    """A stretch of undoable work of the unit of work with this fence, known to all code and tasks started in it."""

    def __init__(self, fence: object, name: str) -> None:
        self.fence = fence
        self.name = name
        self.is_undone = False
        self.outer = _running.get()
        self._token: Token[Work | None] = _running.set(self)

    def end(self) -> None:
        """Leave it; what still runs of it stays a part of it."""
        with suppress(ValueError):  # left in another context than it was entered in
            _running.reset(self._token)


def undone_work(fence: object) -> Work | None:
    """Return the work that the running code is a part of, where the unit of work with this fence has undone it."""
    work = _running.get()
    while work is not None and not (work.is_undone and work.fence is fence):
        work = work.outer
    return work
