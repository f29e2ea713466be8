"""Ends a transaction: the guard before the commit, the commit itself, the rollback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from uow_events.errors import CommitOutcomeUnknownError, TransactionAbortedError
from uow_events.unit_of_work.commit_guard import guard
from uow_events.unit_of_work.fence import Fence
from uow_events.unit_of_work.session import FencedSession

T = TypeVar("T")
UNANSWERED: dict[type[BaseException], str] = {
    TimeoutError: "no answer in time",
    asyncio.CancelledError: "the event loop ended",
}
logger = logging.getLogger("uow_events")


async def shielded(work: Coroutine[Any, Any, None], name: str) -> None:
    """Run something to its end in a task of its own; a cancellation that arrives meanwhile is raised afterwards."""
    task = asyncio.create_task(work, name=name)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from None if task.cancelled() else task.exception()
    task.result()


async def commit(session: AsyncSession, fence: Fence, limit: float) -> None:
    """Commit and close, in at most `limit` seconds.

    Raises:
        TransactionAbortedError: nothing would have been stored.
        CommitOutcomeUnknownError: COMMIT was sent, and no answer came.
    """
    try:
        async with asyncio.timeout(limit):
            await session.run_sync(_commit)
    except (TimeoutError, asyncio.CancelledError, DBAPIError) as error:
        answered = isinstance(error, DBAPIError) and not error.connection_invalidated
        if not fence.commit_sent or answered:
            raise
        raise CommitOutcomeUnknownError(UNANSWERED.get(type(error), "the connection was lost")) from error


async def roll_back(session: AsyncSession, fence: Fence, limit: float) -> None:
    """Roll back and close; whatever stands in the way costs the connection, never the caller's own exception."""
    if not await fence.idle(limit):
        logger.error("%s still runs while its unit of work rolls back; its connection is given up", fence.running)
        fence.on_abandoned = lambda: _end(session.sync_session)
        await session.run_sync(lambda _: _give_up(fence))
        return
    try:
        async with asyncio.timeout(limit):
            await session.run_sync(lambda _: _end(session.sync_session))
    except Exception as error:
        logger.warning("A rollback failed (%s); its connection is given up", type(error).__name__)
        await session.run_sync(lambda _: _give_up(fence))


def write_last(session: Any, write: Callable[[Any], T]) -> T:
    """Run the last write, on a transaction that is sure to be sound, and return what it returns."""
    with session.fence.control():
        _look(session)
        return write(session)


def check_active(session: Session) -> None:
    """Make sure that the session's last flush did not fail.

    Raises:
        TransactionAbortedError: it did; its error is the cause.
    """
    if not session.is_active:
        failure = session.fence.failure if isinstance(session, FencedSession) else None
        raise TransactionAbortedError("a flush failed, and its error was swallowed") from failure


def _look(session: FencedSession) -> None:
    check_active(session)
    guard(session.fence)


def _commit(session: Any) -> None:
    fence = session.fence
    if session.in_transaction():
        with fence.control():
            while savepoint := session.get_nested_transaction():
                savepoint.commit()
        _look(session)
        fence.begin_commit()
        Session.commit(session)
    with fence.control():
        session.close()


def _end(session: Any) -> None:
    with session.fence.control():
        session.rollback()
        session.close()


def _give_up(fence: Fence) -> None:
    """Close a connection that its session did not give back, so that no pool gets it."""
    connection = fence.connection
    if connection is not None and not connection.closed:
        with fence.control():
            connection.invalidate()
            connection.close()
