"""Work that is undone where it fails, while the unit of work around it goes on."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from uow_events.errors import RollbackOnlyError, TransactionAbortedError
from uow_events.messages import Invocation, RecordSink, Undoable, running_invocation
from uow_events.unit_of_work.commit_guard import guard
from uow_events.unit_of_work.savepoints import Savepoint
from uow_events.unit_of_work.survivable import is_survivable
from uow_events.unit_of_work.undone import Work

if TYPE_CHECKING:
    from uow_events.unit_of_work.session import FencedSession
    from uow_events.unit_of_work.unit_of_work import UnitOfWork

logger = logging.getLogger("uow_events")
NO_SAVEPOINT_HELPS = "no savepoint makes good what it says of the transaction"
STILL_THERE = "what it did could not be undone"


def undoable(
    unit: UnitOfWork, *, with_session: bool, name: str | None = None, limit: timedelta = timedelta(seconds=30)
) -> UndoableWork:
    """Return a context manager around work that is undone where an exception leaves it; the exception leaves on.

    Undone are writes, records, callbacks and the mark of joined work that failed; objects it changed are refreshed.
    What a task that was started in it does in the unit of work afterwards is refused (UnitOfWorkClosedError). On
    success the work is flushed and kept; an error of a statement that it swallowed leaves then. Where the unit of work
    cannot go on even so (see is_survivable), or nothing could be undone, it can only roll back, whoever catches the
    error.

    Args:
        unit: the unit of work, open.
        with_session: by a savepoint of the session, which costs no statement unless the session is used. Without,
            nothing is sent, for work that runs beside other work that uses the session; no work may join in it then.
        name: what a RollbackOnlyError calls the work; by default the running handler's name.
        limit: how long a statement that is left in flight, and the rollback, may take.
    """
    return UndoableWork(unit, with_session, name, limit.total_seconds())


class UndoableWork:
    """See undoable(); `is_survived` says after an exception whether all was undone, and the unit of work can go on."""

    def __init__(self, unit: UnitOfWork, with_session: bool, name: str | None, limit: float) -> None:
        invocation = running_invocation()
        self.is_survived = False
        self._session = cast("FencedSession", unit.session.sync_session)
        self._sink = unit.sink
        self._run = unit.session.run_sync
        self._limit = limit
        self._invocation = invocation if invocation is not None and not with_session else None
        self._name = name or (invocation.handler if invocation is not None else unit.name)
        self._way: _InSavepoint | _WithoutSession
        self._work: Work

    async def __aenter__(self) -> Self:
        if self._invocation is None:
            use_session(self._sink)
            self._way = await self._run(lambda _: _InSavepoint(self._session, self._name))
        else:
            self._way = _WithoutSession(self._session, self._sink, self._invocation)
        self._work = Work(self._session.fence, self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._work.end()
        if error is not None:
            await self._undo(error)
            return
        try:
            await self._run(lambda _: self._way.release())
        except BaseException as failure:
            await self._undo(failure)
            raise

    async def _undo(self, error: BaseException) -> None:
        fence = self._session.fence
        self._work.is_undone = True
        reason = STILL_THERE
        try:
            is_sound = is_survivable(error) and is_survivable(self._way.live_failure())
            if await self._is_undone():
                reason = NO_SAVEPOINT_HELPS
                self.is_survived = is_sound and fence.doom is None
        finally:
            if not self.is_survived and fence.doom is None:
                fence.doom = RollbackOnlyError(self._name, reason)
                fence.doom.__cause__ = error

    async def _is_undone(self) -> bool:
        if not await self._session.fence.idle(self._limit):
            return False
        try:
            async with asyncio.timeout(self._limit):
                return await self._run(lambda _: self._way.undo())
        except Exception as error:
            logger.warning("%s could not be undone (%s); everything is rolled back", self._name, type(error).__name__)
            return False


def use_session(sink: RecordSink) -> None:
    """Note that work reaches a unit of work's session now, which whoever runs it without the session cannot undo."""
    invocation = running_invocation()
    scope = invocation.nearest_scope(sink) if invocation is not None else None
    while isinstance(scope, Savepoint):
        scope.is_used, scope = True, scope.parent


class _InSavepoint:
    def __init__(self, session: FencedSession, name: str) -> None:
        self._session = session
        self._before = session.fence.failure
        self._transaction = session.begin_nested()
        savepoint = session.savepoints.current
        assert savepoint is not None
        savepoint.owner, savepoint.name = running_invocation(), name

    def release(self) -> None:
        if swallowed := self._swallowed():
            raise swallowed
        for opened in self._session.savepoints.inside(self._transaction):
            opened.commit()
        self._transaction.commit()

    def undo(self) -> bool:
        for opened in self._session.savepoints.inside(self._transaction):
            opened.rollback()
        self._transaction.rollback()
        connection = self._session.fence.connection
        return connection is None or not (connection.invalidated or connection.driver_is_closed())

    def live_failure(self) -> BaseException | None:
        """The error of a statement in this work that no savepoint inside has dealt with, whatever leaves now."""
        is_dealt_with = self._failure is self._session.savepoints.contained and self._transaction.is_active
        return None if is_dealt_with else self._failure

    @property
    def _failure(self) -> BaseException | None:
        failure = self._session.fence.failure
        return None if failure is self._before else failure

    def _swallowed(self) -> BaseException | None:
        """The error of a statement after which nothing of this work would be stored."""
        if not self._session.is_active:
            return self._failure or TransactionAbortedError("a flush failed, and its error was swallowed")
        try:
            guard(self._session.fence)
        except TransactionAbortedError as error:
            return error.__cause__ if isinstance(error.__cause__, Exception) else error
        return None


class _WithoutSession:
    def __init__(self, session: FencedSession, sink: RecordSink, invocation: Invocation) -> None:
        around = invocation.nearest_scope(sink)
        self._session = session
        self._invocation = invocation
        self._before: Undoable | None = invocation.scope
        self._scope = Savepoint(around if isinstance(around, Savepoint) else None)
        invocation.scope = self._scope

    def release(self) -> None:
        self._invocation.scope = self._before

    def undo(self) -> bool:
        self._invocation.scope = self._before
        self._scope.undo()
        self._session.observer.undone()
        return not self._scope.is_used

    def live_failure(self) -> None:
        return None
