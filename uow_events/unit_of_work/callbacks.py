"""What runs just before the commit, after it, and after a rollback."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from uow_events.messages import Undoable
from uow_events.unit_of_work.hidden_parameters import hide_parameters

Callback: TypeAlias = Callable[[], object | Awaitable[object]]
logger = logging.getLogger("uow_events")
FAILED = "A callback failed %s; the outcome of the transaction stands"


class Callbacks:
    """Callbacks of one kind, in the order they were registered; those of a savepoint go with it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._waiting: list[tuple[Callback, Undoable | None]] = []

    def add(self, callback: Callback, savepoint: Undoable | None) -> None:
        """Register a callback, made in a savepoint where there is one."""
        self._waiting.append((callback, savepoint))

    def take(self, *, of_undone: bool = False) -> list[Callback]:
        """Return what has been registered since the last call, less what rolled-back savepoints took with them."""
        taken, self._waiting = self._waiting, []
        return [callback for callback, savepoint in taken if of_undone or savepoint is None or not savepoint.is_undone]

    async def run(self) -> list[Callback]:
        """Run what is waiting, and return it. The first error leaves."""
        waiting = self.take()
        for callback in waiting:
            await _call(callback)
        return waiting

    async def run_all(self, limit: float, *, of_undone: bool = False) -> None:
        """Run what is waiting, each for `limit` seconds at most; errors are logged, since the outcome stands."""
        for callback in self.take(of_undone=of_undone):
            await run_logged(callback, limit, self.kind)


async def run_logged(callback: Callback, limit: float, when: str) -> None:
    """Run a callback for `limit` seconds at most; its error is logged, without the parameters of SQL statements."""
    try:
        async with asyncio.timeout(limit):
            await _call(callback)
    except (asyncio.CancelledError, Exception) as error:
        if isinstance(error, asyncio.CancelledError) and _is_cancelled():
            raise
        hide_parameters(error)
        logger.exception(FAILED, when)


def _is_cancelled() -> bool:
    """Tell a cancellation of this task from a CancelledError that a callback merely met."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _call(callback: Callback) -> None:
    answer = callback()
    if inspect.isawaitable(answer):
        await answer
