"""What runs just before the commit, after it, and after a rollback."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from uow_events.unit_of_work.savepoints import Savepoint

Callback: TypeAlias = Callable[[], object | Awaitable[object]]
logger = logging.getLogger("uow_events")


class Callbacks:
    """Callbacks of one kind, in the order they were registered; those of a savepoint go with it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._waiting: list[tuple[Callback, Savepoint | None]] = []

    def add(self, callback: Callback, savepoint: Savepoint | None) -> None:
        """Register a callback, made in a savepoint where there is one."""
        self._waiting.append((callback, savepoint))

    def take(self) -> list[Callback]:
        """Return what has been registered since the last call, less what rolled-back savepoints took with them."""
        taken, self._waiting = self._waiting, []
        return [callback for callback, savepoint in taken if savepoint is None or not savepoint.is_undone]

    async def run(self) -> bool:
        """Run what is waiting; tell whether there was anything. The first error leaves."""
        waiting = self.take()
        for callback in waiting:
            await _call(callback)
        return bool(waiting)

    async def run_all(self) -> None:
        """Run what is waiting; errors are logged, since the outcome of the transaction no longer changes."""
        for callback in self.take():
            try:
                await _call(callback)
            except Exception:
                logger.exception("A callback failed %s; the outcome of the transaction stands", self.kind)


async def _call(callback: Callback) -> None:
    answer = callback()
    if inspect.isawaitable(answer):
        await answer
