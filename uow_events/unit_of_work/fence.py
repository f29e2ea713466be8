"""Guards one unit of work's session: who may use it and when, and what went wrong on it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from uow_events.errors import (
    SessionOwnershipError,
    TransactionAbortedError,
    TransactionControlError,
    UnitOfWorkClosedError,
)
from uow_events.messages import Turn, running_invocation
from uow_events.unit_of_work.consequence import is_consequence
from uow_events.unit_of_work.savepoints import Savepoints
from uow_events.unit_of_work.undone import undone_work

if TYPE_CHECKING:
    from uow_events.unit_of_work.connection import FencedConnection


class State(StrEnum):
    """Where a unit of work stands; the values end the sentence "its unit of work ..."."""

    NEW = "has not begun (enter it with `async with`)"
    OPEN = "is open"
    COMMITTING = "is committing"
    ENDED = "has ended"


class Acting:
    """Notes on a fence that the running greenlet acts in some role; a class, so that exceptions of any kind pass."""

    __slots__ = ("_fence", "_previous", "_role")

    def __init__(self, fence: Fence, role: str) -> None:
        self._fence = fence
        self._role = role

    def __enter__(self) -> None:
        self._previous = getattr(self._fence, self._role)
        setattr(self._fence, self._role, getcurrent())

    def __exit__(self, *_: object) -> None:
        setattr(self._fence, self._role, self._previous)


class Fence:
    """The state that a unit of work's session and connection share.

    Each call of an async session runs in a greenlet of its own, so that two greenlets inside at once are two tasks.
    """

    def __init__(self) -> None:
        self.state = State.NEW
        self.turn = Turn()
        self.savepoints = Savepoints()
        self.doom: BaseException | None = None
        self.failure: BaseException | None = None
        self.interrupted: tuple[BaseException, str] | None = None
        self.is_prepared = True
        self.raw_taken = False
        self.escaped = False
        self.started_at: Any = None
        self.statement_sent = False
        self.commit_sent = False
        self.connection: FencedConnection | None = None
        self.on_abandoned: Callable[[], None] | None = None
        self._owner: Any = None
        self._controller: Any = None
        self._flushing: Any = None
        self._committer: Any = None
        self._running = ""
        self._depth = 0
        self._idle: asyncio.Future[None] | None = None

    def enter(self, operation: str) -> None:
        """Take the session for one operation of the running greenlet; may be nested.

        Raises:
            SessionOwnershipError: an operation of another task is still in flight, or it is not this handler's turn.
            UnitOfWorkClosedError: the unit of work has ended.
        """
        current = getcurrent()
        if self._owner is None:
            self.check_open(operation)
            if not self.is_prepared:
                self.refuse_unprepared()
            self._owner, self._running = current, operation
        elif self._owner is not current:
            raise SessionOwnershipError(operation, self._running)
        self._depth += 1

    def leave(self) -> None:
        """Give the session back after enter(); a cancellation that passes by is kept, with what it stopped."""
        self._depth -= 1
        if self._depth:
            return
        self._owner = None
        if isinstance(error := sys.exception(), asyncio.CancelledError):
            self.interrupted = (error, self._running)
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
        if self.on_abandoned is not None:
            self.on_abandoned()

    def check_open(self, operation: str) -> None:
        """Refuse a use of the session after the end, by a handler whose turn it is not, or beside undoable work.

        Raises:
            UnitOfWorkClosedError: the unit of work has ended, or is committing.
            SessionOwnershipError: it is not the running handler's turn, or work of another task is in a savepoint,
                which would undo this, too.
        """
        if self.turn.is_shared:
            self.turn.check(operation)
        self.check_state(operation)
        foreign = None if self.is_controlled else self.savepoints.foreign_to(running_invocation())
        if foreign is not None:
            raise SessionOwnershipError(operation, foreign.name)

    def check_state(self, operation: str) -> None:
        """Refuse what comes after the end, or from work that was undone, except from the unit of work itself.

        Raises:
            UnitOfWorkClosedError: the unit of work has ended, is committing, or has undone what this is a part of.
        """
        if self.is_controlled:
            return
        if self.state is not State.OPEN:
            raise UnitOfWorkClosedError(operation, self.state)
        undone = undone_work(self)
        if undone is not None:
            raise UnitOfWorkClosedError(operation, f"has undone {undone.name}, of which this is a part")

    def refuse(self, operation: str) -> None:
        """Refuse an operation that only the unit of work itself may do, and doom the unit of work.

        Raises:
            TransactionControlError: always, but for the unit of work itself and for a session that has ended.
        """
        if self.is_controlled:
            return
        self.check_state(operation)
        self.doom = self.doom or TransactionControlError(operation)
        raise self.doom

    @property
    def is_controlled(self) -> bool:
        """Whether the running greenlet acts for the unit of work itself."""
        return self._controller is not None and self._controller is getcurrent()

    def control(self) -> Acting:
        """Return a context manager: the running greenlet acts for the unit of work itself."""
        return Acting(self, "_controller")

    @property
    def is_flushing(self) -> bool:
        """Whether the running greenlet flushes, and so may roll back what failed in it."""
        return self._flushing is not None and self._flushing is getcurrent()

    def flush(self) -> Acting:
        """Return a context manager: a flush of the running greenlet rolls back what it began, when it fails."""
        return Acting(self, "_flushing")

    def flush_failed(self, error: Exception) -> None:
        """Keep the error of a flush, also one that no statement raised; what it rolled back is dealt with by that."""
        if self.failure is None or not is_consequence(error):
            self.failure = self.savepoints.contained = error

    @property
    def is_committing(self) -> bool:
        """Whether the running greenlet is the one that commits for the unit of work."""
        return self._committer is not None and self._committer is getcurrent()

    def begin_commit(self) -> None:
        """Let the running greenlet commit; nobody's hooks may do more than look from here on."""
        self._committer = getcurrent()

    def refuse_escape(self) -> None:
        """Refuse to go on where the transaction ended, and no event showed it; doom the unit of work.

        Raises:
            TransactionAbortedError: always.
        """
        self.escaped = True
        error = TransactionAbortedError(
            "the transaction was ended behind the session's back, on the raw driver connection or by AUTOCOMMIT, and "
            "what was written may be stored in part",
            is_stored_in_part=True,
        )
        self.doom = self.doom or error
        raise error from self.failure

    def refuse_unprepared(self) -> None:
        """Refuse to go on without the transaction's settings.

        Raises:
            TransactionAbortedError: always.
        """
        problem = "the settings of its TransactionOptions could not be applied, and the error was swallowed"
        raise TransactionAbortedError(problem) from self.failure

    @property
    def running(self) -> str:
        """The operation that is in flight, or was last."""
        return self._running

    async def idle(self, limit: float) -> bool:
        """Wait until no operation is in flight, at most `limit` seconds; tell whether that came about."""
        if self._owner is None:
            return True
        if self._idle is None or self._idle.done():
            self._idle = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait([self._idle], timeout=limit)
        return bool(done)
