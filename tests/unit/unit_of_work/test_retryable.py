"""Which errors call for another attempt."""

import asyncio

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.orm.exc import StaleDataError

from uow_events import CommitOutcomeUnknownError, RollbackOnlyError, TransactionAbortedError
from uow_events.unit_of_work.retryable import is_retryable


class DriverError(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


def wrapped(sqlstate: str | None, lost: bool = False) -> DBAPIError:
    return DBAPIError("SELECT 1", None, DriverError(sqlstate), connection_invalidated=lost)


def caused(error: BaseException, cause: BaseException | None) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03", "08000", "08003", "08006", "57P01", "57P02", "57P03"])
def test_a_conflict_or_a_lost_connection_is_retryable_by_its_sqlstate(sqlstate: str) -> None:
    assert is_retryable(wrapped(sqlstate))
    assert is_retryable(DriverError(sqlstate))


@pytest.mark.parametrize("sqlstate", ["23505", "25P02", "57014", "08007", "08P01", "53300", None])
def test_no_other_sqlstate_is(sqlstate: str | None) -> None:
    assert not is_retryable(wrapped(sqlstate))


def test_the_drivers_own_error_is_known_by_its_sqlstate_too() -> None:
    assert is_retryable(asyncpg.SerializationError("conflict"))
    assert is_retryable(asyncpg.ConnectionDoesNotExistError("gone"))


def test_a_connection_that_the_pool_gave_up_is_retryable_whatever_the_error() -> None:
    assert is_retryable(wrapped(None, lost=True))


def test_a_stale_version_is_retryable() -> None:
    assert is_retryable(StaleDataError("changed meanwhile"))


@pytest.mark.parametrize("kind", [TransactionAbortedError, RollbackOnlyError])
def test_a_swallowed_error_is_retryable_as_the_cause_of_what_it_led_to(kind: type[Exception]) -> None:
    assert is_retryable(caused(kind("x"), wrapped("40001")))
    assert is_retryable(caused(kind("x"), caused(kind("x"), wrapped("40001"))))
    assert not is_retryable(caused(kind("x"), KeyError()))
    assert not is_retryable(kind("x"))


@pytest.mark.parametrize("refused", [wrapped("25P02"), DriverError("25P02"), InvalidRequestError("x")])
def test_what_was_refused_after_a_failure_is_retryable_as_that_failure_is(refused: Exception) -> None:
    assert is_retryable(caused(refused, wrapped("40001")))
    assert is_retryable(caused(RollbackOnlyError("x"), refused))
    assert not is_retryable(caused(refused, wrapped("23505")))
    assert not is_retryable(caused(refused, None))


def test_what_may_be_stored_in_part_is_never_run_again() -> None:
    assert not is_retryable(caused(TransactionAbortedError("x", is_stored_in_part=True), wrapped("40001")))


def test_a_connection_that_was_lost_unnoticed_before_the_commit_is_retryable() -> None:
    assert is_retryable(TransactionAbortedError("x", is_connection_lost=True))


def test_one_retryable_error_makes_a_group_of_them_retryable() -> None:
    assert is_retryable(ExceptionGroup("several", [KeyError(), ExceptionGroup("more", [wrapped("40001")])]))
    assert not is_retryable(ExceptionGroup("several", [KeyError()]))


@pytest.mark.parametrize(
    "error", [CommitOutcomeUnknownError("x"), asyncio.CancelledError(), TimeoutError(), KeyError()]
)
def test_an_outcome_that_nobody_knows_a_cancellation_and_a_plain_error_are_not(error: BaseException) -> None:
    assert not is_retryable(caused(error, wrapped("40001")))
