"""Which errors say that the same command may well succeed when it is run again from the start."""

from __future__ import annotations

from typing import cast

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from uow_events.errors import RollbackOnlyError, TransactionAbortedError
from uow_events.unit_of_work.consequence import is_consequence, sqlstate_of

CONFLICTS = frozenset({"40001", "40P01", "55P03"})
"""SQLSTATEs: could not serialize, deadlock, a lock that was not available in time."""
LOST = frozenset({"08000", "08001", "08003", "08006", "57P01", "57P02", "57P03"})
"""SQLSTATEs: the connection failed, or the server stops or starts. Not 08007, whose transaction may have committed."""


def is_retryable(error: BaseException) -> bool:
    """Tell whether an error calls for another attempt: a conflict with others, or a connection lost before the commit.

    Those are SQLSTATE 40001, 40P01 and 55P03, SQLAlchemy's StaleDataError, and a connection that is gone; also as the
    swallowed cause of a TransactionAbortedError, of a RollbackOnlyError or of a refused statement (SQLSTATE 25P02,
    SQLAlchemy's InvalidRequestError), or among the errors of an ExceptionGroup.
    Never a CommitOutcomeUnknownError, a CommandTimeoutError or a cancellation.
    """
    if isinstance(error, ExceptionGroup):
        return any(map(is_retryable, cast("ExceptionGroup[Exception]", error).exceptions))
    if isinstance(error, TransactionAbortedError) and (error.is_connection_lost or error.is_stored_in_part):
        return error.is_connection_lost
    if isinstance(error, TransactionAbortedError | RollbackOnlyError) or is_consequence(error):
        return error.__cause__ is not None and is_retryable(error.__cause__)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, StaleDataError) or sqlstate_of(error) in CONFLICTS | LOST
