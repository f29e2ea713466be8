"""How a send ended, in words that the application and the model share."""

from collections.abc import Awaitable
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError

from uow_events import RollbackOnlyError, TransactionAbortedError, UowEventsError
from uow_events.unit_of_work.consequence import is_consequence

ANSWERED = "answered"
ABORTED = "TransactionAbortedError"
CONFLICT = "a conflict with another transaction"
CONFLICTING_KEY = "IdempotencyConflictError"
CONTROL = "TransactionControlError"
REFUSED = "a statement refused, since one before it failed"
ROLLBACK_ONLY = "RollbackOnlyError"
VIOLATION = "a constraint violated"


class Boom(Exception):
    """What a script raises."""


class Unforeseen(Exception):
    """What the model raises where it does not know what would happen: such a script is not sent."""


class Failed(Exception):
    """What the model raises, with the words for the exception that it stands for."""


def is_survivable(failed: str) -> bool:
    """Tell whether a savepoint makes good what an error says, which is no word on the transaction as a whole."""
    return not failed.startswith((ABORTED, CONFLICT, f"{REFUSED}: {CONFLICT}", CONTROL, ROLLBACK_ONLY))


async def outcome(work: Awaitable[Any]) -> str:
    try:
        return f"{ANSWERED} {await work}"
    except Exception as error:
        return described(error)


def is_answer(ended: str) -> bool:
    return ended.startswith(ANSWERED)


def described(error: BaseException | None) -> str:
    if isinstance(error, Boom):
        return f"Boom {error}"
    if isinstance(error, RollbackOnlyError | TransactionAbortedError):
        return f"{type(error).__name__} by {described(error.__cause__)}"
    if isinstance(error, UowEventsError):
        return type(error).__name__
    if isinstance(error, IntegrityError):
        return VIOLATION
    if error is not None and is_consequence(error):
        return f"{REFUSED}: {described(error_before(error))}"
    sqlstate = getattr(error.orig, "sqlstate", "") if isinstance(error, DBAPIError) else ""
    return CONFLICT if sqlstate == "40001" else repr(error)


def error_before(refused: BaseException) -> BaseException | None:
    """Return the statement's error that another one was refused for."""
    cause = refused.__cause__
    while cause is not None and (not isinstance(cause, DBAPIError) or is_consequence(cause)):
        cause = cause.__cause__
    return cause
