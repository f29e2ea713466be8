"""RetryPolicy: what is refused, and what it applies to."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm.exc import StaleDataError

from uow_events import (
    CommandTimeoutError,
    CommitOutcomeUnknownError,
    InvalidArgumentError,
    RetryPolicy,
    RollbackOnlyError,
    TransactionAbortedError,
)

SECOND = timedelta(seconds=1)
REFUSED = [
    ({"attempts": 0}, "The argument attempts must be an integer from 1, and is 0"),
    ({"attempts": True}, "The argument attempts must be an integer from 1, and is True"),
    ({"attempts": 1.5}, "The argument attempts must be an integer from 1, and is 1.5"),
    ({"multiplier": 0.5}, "The argument multiplier must be a number from 1, and is 0.5"),
    ({"multiplier": float("inf")}, "The argument multiplier must be a number from 1, and is inf"),
    ({"initial_wait": -SECOND}, f"The argument initial_wait must be a timedelta from 0, and is {-SECOND!r}"),
    ({"max_wait": 2}, "The argument max_wait must be a timedelta from 0, and is 2"),
    ({"jitter": -SECOND}, f"The argument jitter must be a timedelta from 0, and is {-SECOND!r}"),
    (
        {"initial_wait": 2 * SECOND, "max_wait": SECOND},
        "The argument max_wait must be initial_wait or longer, and is 0:00:01",
    ),
    ({"on": "errors"}, "The argument on must be exception types or a predicate, and is 'errors'"),
    ({"on": ()}, "The argument on must be exception types or a predicate, and is ()"),
    (
        {"on": (KeyError, asyncio.CancelledError)},
        "The argument on must be exception types that derive from Exception, and one is "
        "<class 'asyncio.exceptions.CancelledError'>",
    ),
    (
        {"on": CommitOutcomeUnknownError},
        "The argument on must be errors that may be repeated, which a CommitOutcomeUnknownError never is",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=[str(arguments) for arguments, _ in REFUSED])
def test_what_cannot_work_is_refused_when_the_policy_is_made(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        RetryPolicy(**arguments)
    assert str(raised.value) == message


def test_by_default_conflicts_are_repeated_and_nothing_else() -> None:
    assert RetryPolicy().applies_to(StaleDataError())
    assert not RetryPolicy().applies_to(KeyError())


def test_types_or_a_predicate_say_what_is_repeated() -> None:
    assert RetryPolicy(on=LookupError).applies_to(KeyError())
    assert RetryPolicy(on=(ValueError, KeyError)).applies_to(KeyError())
    assert not RetryPolicy(on=ValueError).applies_to(KeyError())
    assert RetryPolicy(on=lambda error: error.args == (1,)).applies_to(KeyError(1))
    assert not RetryPolicy(on=lambda error: error.args == (1,)).applies_to(KeyError(2))


@pytest.mark.parametrize(
    "error",
    [
        CommitOutcomeUnknownError("x"),
        CommandTimeoutError("Do", SECOND, "x"),
        TransactionAbortedError("x", is_stored_in_part=True),
        ExceptionGroup("several", [KeyError(), CommitOutcomeUnknownError("x")]),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_some_errors_are_never_repeated_whatever_the_policy_says(error: BaseException) -> None:
    assert not RetryPolicy(on=Exception).applies_to(error)
    assert not RetryPolicy(on=lambda error: True).applies_to(error)


def test_what_is_never_repeated_is_not_repeated_either_where_it_was_caught() -> None:
    error = RollbackOnlyError("A joined send")
    assert RetryPolicy(on=Exception).applies_to(error)
    error.__cause__ = CommitOutcomeUnknownError("x")
    assert not RetryPolicy(on=Exception).applies_to(error)
