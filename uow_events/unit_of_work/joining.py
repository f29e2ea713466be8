"""Work that joined a running unit of work, instead of opening one of its own."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, cast

from uow_events.errors import RollbackOnlyError, UnitOfWorkClosedError
from uow_events.messages import running_invocation
from uow_events.unit_of_work.savepoints import Savepoint
from uow_events.unit_of_work.survivable import is_survivable
from uow_events.unit_of_work.undoable import use_session

if TYPE_CHECKING:
    from uow_events.unit_of_work.session import FencedSession
    from uow_events.unit_of_work.unit_of_work import UnitOfWork


class Joinings:
    """What has joined one unit of work and still runs, and the first of it that failed and was not undone since."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self._failures: list[tuple[RollbackOnlyError, Savepoint | None]] = []

    @property
    def failure(self) -> RollbackOnlyError | None:
        """The error of a unit of work that may only roll back, since joined work failed in it."""
        left = (error for error, savepoint in self._failures if savepoint is None or not savepoint.is_undone)
        return next(left, None)

    def failed(self, name: str, error: BaseException, savepoint: Savepoint | None) -> None:
        """Take it that an exception left joined work, in a savepoint which undoes it where that rolls back."""
        failure = RollbackOnlyError(name)
        failure.__cause__ = error
        self._failures.append((failure, savepoint))


class Joined:
    """A context manager around work that joined, in its turn on the session.

    An exception that leaves it lets the unit of work only roll back, where the work is not undone by a savepoint around
    it, or the error is one that no savepoint makes good.
    """

    def __init__(self, unit: UnitOfWork, joinings: Joinings, name: str) -> None:
        self._unit = unit
        self._joinings = joinings
        self._name = name
        self._taken = unit.turn.taken(running_invocation())

    async def __aenter__(self) -> UnitOfWork:
        await self._taken.__aenter__()
        session = cast("FencedSession", self._unit.session.sync_session)
        try:
            session.fence.check_state(self._name)  # it may have ended since whoever joins looked for it
        except UnitOfWorkClosedError as closed:
            await self._taken.__aexit__(type(closed), closed, closed.__traceback__)
            raise
        use_session(self._unit.sink)
        self._joinings.running.append(self._name)
        self._savepoint = session.savepoints.around(running_invocation())
        return self._unit

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._joinings.running.remove(self._name)
        await self._taken.__aexit__(kind, error, traceback)
        if error is not None:
            self._joinings.failed(self._name, error, self._savepoint if is_survivable(error) else None)
