"""Looks whether a transaction was committed, whose COMMIT got no answer."""

from __future__ import annotations

import asyncio
import logging
from typing import Literal, Protocol, TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from uow_events.errors import CommitOutcomeUnknownError, CommitRolledBackError
from uow_events.messages import TransactionMark
from uow_events.messages.transaction_mark import SERVER_RUN
from uow_events.unit_of_work.ending import commit, roll_back
from uow_events.unit_of_work.fence import Fence
from uow_events.unit_of_work.retryable import is_retryable

Outcome: TypeAlias = Literal["committed", "aborted", "in progress", "unknown"]
SHORTEST_PAUSE = 0.02
LONGEST_PAUSE = 1.0
logger = logging.getLogger("uow_events")

_STATUS = f"SELECT CASE {SERVER_RUN} WHEN $1::text THEN pg_xact_status($2::text::xid8) END"


class CommitLookup(Protocol):
    """Something by which a transaction is known, once its own connection is lost."""

    async def outcome(self, connection: AsyncConnection) -> Outcome:
        """Tell what became of it, on another connection, whose transaction is rolled back afterwards.

        "in progress": it may still commit, ask again; "unknown": it will never be told here.
        """
        ...


class ByTransactionId:
    """Asks for the state of a transaction by its id, which means nothing on another server, or after a crash."""

    def __init__(self, mark: TransactionMark) -> None:
        self._mark = mark

    async def outcome(self, connection: AsyncConnection) -> Outcome:
        """Tell what became of it; "unknown" on another run of the server, or where its state is forgotten."""
        answer = await connection.exec_driver_sql(_STATUS, (self._mark.server_run, self._mark.xid))
        outcome: Outcome | None = answer.scalar_one()
        return outcome or "unknown"


async def commit_for_certain(
    session: AsyncSession, fence: Fence, limit: float, engine: AsyncEngine, lookup: CommitLookup | None
) -> None:
    """Commit and close, in at most `limit` seconds; where no answer came, look what became of it, for as long again.

    Raises:
        CommitRolledBackError, CommitOutcomeUnknownError: as settle() does.
        Exception: as commit() does.
    """
    try:
        await commit(session, fence, limit)
    except CommitOutcomeUnknownError as error:
        await roll_back(session, fence, limit)  # gives its connection up, before another one is taken
        await settle(error, engine, lookup, limit)


async def settle(
    error: CommitOutcomeUnknownError, engine: AsyncEngine, lookup: CommitLookup | None, limit: float
) -> None:
    """Return where the transaction was committed after all, having looked for at most `limit` seconds.

    The connection that COMMIT was sent on must be given back before. Nothing is looked up where the event loop ends.

    Raises:
        CommitRolledBackError: the server rolled it back; the lost connection's error is the cause.
        CommitOutcomeUnknownError: the one given, since that cannot be told.
    """
    if lookup is None or isinstance(error.__cause__, asyncio.CancelledError):
        raise error
    committed = await resolve(engine, lookup, limit)
    if committed is None:
        raise error
    if not committed:
        raise CommitRolledBackError(error.reason) from error.__cause__


async def resolve(engine: AsyncEngine, lookup: CommitLookup, limit: float) -> bool | None:
    """Tell whether a transaction was committed; None where that cannot be told within `limit` seconds."""
    try:
        async with asyncio.timeout(limit):
            outcome = await _final(engine.execution_options(isolation_level="READ COMMITTED"), lookup)
    except TimeoutError:
        return None
    return None if outcome == "unknown" else outcome == "committed"


async def _final(engine: AsyncEngine, lookup: CommitLookup) -> Outcome:
    pause = SHORTEST_PAUSE
    while True:
        outcome = await _look(engine, lookup)
        if outcome != "in progress":
            return outcome
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _look(engine: AsyncEngine, lookup: CommitLookup) -> Outcome:
    try:
        async with engine.connect() as connection:
            return await lookup.outcome(connection)
    except Exception as error:
        is_passing = isinstance(error, OSError) or is_retryable(error)  # the server may be on its way up again
        again = "yet" if is_passing else "at all"
        logger.warning("The outcome of a commit could not be looked up %s (%s)", again, type(error).__name__)
        return "in progress" if is_passing else "unknown"
