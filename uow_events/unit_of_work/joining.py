"""Work that joined a running unit of work, instead of opening one of its own."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from uow_events.errors import RollbackOnlyError

if TYPE_CHECKING:
    from uow_events.unit_of_work.unit_of_work import UnitOfWork


class Joinings:
    """What has joined one unit of work and still runs, and the first of it that failed."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.failure: RollbackOnlyError | None = None


class Joined:
    """A context manager around work that joined: an exception that leaves it lets the unit of work only roll back."""

    def __init__(self, unit: UnitOfWork, joinings: Joinings, name: str) -> None:
        self._unit = unit
        self._joinings = joinings
        self._name = name

    async def __aenter__(self) -> UnitOfWork:
        self._joinings.running.append(self._name)
        return self._unit

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._joinings.running.remove(self._name)
        if error is not None and self._joinings.failure is None:
            self._joinings.failure = RollbackOnlyError(self._name)
            self._joinings.failure.__cause__ = error
