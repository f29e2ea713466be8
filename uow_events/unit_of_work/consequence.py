"""Errors that only say that something failed before, and what that was."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InvalidRequestError, MissingGreenlet

FAILED_TRANSACTION = "25P02"
"""SQLSTATE: the statement was refused, since one before it failed."""


def is_consequence(error: BaseException) -> bool:
    """Tell whether PostgreSQL or SQLAlchemy refused something that may be right, after a failure before it."""
    if isinstance(error, MissingGreenlet):  # an InvalidRequestError, and a mistake of its own
        return False
    return isinstance(error, InvalidRequestError) or sqlstate_of(error) == FAILED_TRANSACTION


def trace_back(error: BaseException, failure: BaseException | None) -> None:
    """Make that failure the last of the causes of a consequence, which would not tell of it by itself."""
    last = error
    while last is not failure and last.__cause__ is not None:
        last = last.__cause__
    if last is not failure:
        last.__cause__ = failure


def sqlstate_of(error: BaseException) -> object:
    """Return the SQLSTATE of a database error, wrapped by SQLAlchemy or not; None where it has none."""
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
