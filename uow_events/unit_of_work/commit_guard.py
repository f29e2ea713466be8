"""The look before the commit: PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and no error."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from uow_events.errors import TransactionAbortedError
from uow_events.unit_of_work.consequence import is_consequence
from uow_events.unit_of_work.fence import Fence


def guard(fence: Fence) -> None:
    """Make sure that a commit would store what was written; a round trip only where there is reason for doubt.

    Raises:
        TransactionAbortedError: it would not; the swallowed error is the cause.
    """
    if not fence.is_prepared:
        fence.refuse_unprepared()
    connection = fence.connection
    if connection is None or not fence.statement_sent:
        return
    if connection.invalidated:
        problem = "the connection was lost, and its error was swallowed"
        raise TransactionAbortedError(problem, is_connection_lost=True) from fence.failure
    if connection.driver_is_closed():
        problem = "the connection was lost after its last statement, and the server rolled back"
        raise TransactionAbortedError(problem, "The command can be sent again", is_connection_lost=True)
    if fence.failure is not None or fence.raw_taken:
        _probe(fence)


def _probe(fence: Fence) -> None:
    assert fence.connection is not None
    swallowed = fence.failure
    try:
        started_at = fence.connection.transaction_start()
    except DBAPIError as error:
        cause = (is_consequence(error) and swallowed) or error
        raise TransactionAbortedError("a statement failed, and its error was swallowed") from cause
    if fence.raw_taken and started_at != fence.started_at:
        fence.refuse_escape()
    fence.failure = None
