"""Ends a transaction: the guard before the commit, the commit itself, the rollback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from uow_events.errors import CommitOutcomeUnknownError, TransactionAbortedError
from uow_events.unit_of_work.fence import Fence
from uow_events.unit_of_work.session import FencedSession

logger = logging.getLogger("uow_events")
FAILED_TRANSACTION = "25P02"


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
        raise cancelled from task.exception()
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
    except (TimeoutError, DBAPIError) as error:
        lost = isinstance(error, TimeoutError) or error.connection_invalidated
        if fence.commit_sent and lost:
            reason = "no answer in time" if isinstance(error, TimeoutError) else "the connection was lost"
            raise CommitOutcomeUnknownError(reason) from error
        raise


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


def write_last(session: Any, write: Callable[[Any], None]) -> None:
    """Run the last write, on a transaction that is sure to be sound."""
    with session.fence.control():
        _guard(session)
        write(session)


def _commit(session: Any) -> None:
    with session.fence.control():
        if session.in_transaction():
            _guard(session)
            session.commit()
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


def _guard(session: FencedSession) -> None:
    """Refuse a COMMIT that PostgreSQL would answer with ROLLBACK and no error (or with nothing stored at all)."""
    fence = session.fence
    if not session.is_active:
        raise TransactionAbortedError("a flush failed, and its error was swallowed") from fence.failure
    if fence.connection is None or not fence.statement_sent:
        return
    if fence.connection.invalidated:
        raise TransactionAbortedError("the connection was lost, and its error was swallowed") from fence.failure
    if fence.connection.driver_in_transaction() is False:
        raise TransactionAbortedError("the transaction was ended on the raw driver connection") from fence.failure
    if fence.failure is not None or fence.raw_taken:
        _probe(fence)


def _probe(fence: Fence) -> None:
    assert fence.connection is not None
    swallowed = fence.failure
    try:
        fence.connection.exec_driver_sql("SELECT 1")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != FAILED_TRANSACTION:
            raise
        raise TransactionAbortedError("a statement failed, and its error was swallowed") from swallowed or error
    fence.failure, fence.raw_taken = None, False
