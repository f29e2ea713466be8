"""Which failures of a command bring another attempt, how many there are, and how long the waits between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias, cast

from uow_events.errors import (
    CommandTimeoutError,
    CommitOutcomeUnknownError,
    InvalidArgumentError,
    RollbackOnlyError,
    TransactionAbortedError,
)
from uow_events.unit_of_work.retryable import is_retryable

RetriesOn: TypeAlias = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Runs the whole command again in a fresh unit of work; nothing of a failed attempt survives.

    The wait after the nth attempt is `initial_wait` times `multiplier` to the power of n - 1, at most `max_wait`, plus
    a random part of `jitter`. A wait that would outlast the command's timeout is not begun: the error leaves at once.
    Never repeated, whatever `on` says: a commit whose outcome is unknown, a transaction that may be stored in part, a
    timeout of the command, a cancellation.

    Args:
        attempts: how often the command runs at most, the first time included.
        on: exception types, or a predicate; by default conflicts with other transactions (SQLSTATE 40001, 40P01,
            55P03, StaleDataError) and a connection lost before the commit, as `is_retryable()` tells.
        initial_wait, max_wait, jitter: timedelta from 0.
        multiplier: from 1.

    Raises:
        InvalidArgumentError: an argument is not what it must be.
    """

    attempts: int = 3
    on: RetriesOn = is_retryable
    initial_wait: timedelta = timedelta(milliseconds=50)
    max_wait: timedelta = timedelta(seconds=2)
    multiplier: float = 2
    jitter: timedelta = timedelta(milliseconds=50)

    def __post_init__(self) -> None:
        if not _is(self.attempts, int) or self.attempts < 1:
            raise InvalidArgumentError("attempts", f"an integer from 1, and is {self.attempts!r}")
        if not _is(self.multiplier, int | float) or not 1 <= self.multiplier < float("inf"):
            raise InvalidArgumentError("multiplier", f"a number from 1, and is {self.multiplier!r}")
        for name in ("initial_wait", "max_wait", "jitter"):
            _check_wait(name, getattr(self, name))
        if self.max_wait < self.initial_wait:
            raise InvalidArgumentError("max_wait", f"initial_wait or longer, and is {self.max_wait}")
        _check_on(self.on)

    def applies_to(self, error: BaseException) -> bool:
        """Tell whether a failure with this error brings another attempt."""
        if not isinstance(error, Exception) or _is_final(error):
            return False
        on: Any = self.on
        return isinstance(error, on) if isinstance(on, type | tuple) else bool(on(error))


def _is_final(error: Exception) -> bool:
    if isinstance(error, ExceptionGroup):
        return any(map(_is_final, cast("ExceptionGroup[Exception]", error).exceptions))
    if isinstance(error, TransactionAbortedError):
        return error.is_stored_in_part
    if isinstance(error, RollbackOnlyError):
        return isinstance(error.__cause__, Exception) and _is_final(error.__cause__)
    return isinstance(error, CommandTimeoutError | CommitOutcomeUnknownError)


def _check_wait(name: str, wait: Any) -> None:
    if not isinstance(wait, timedelta) or wait < timedelta(0):
        raise InvalidArgumentError(name, f"a timedelta from 0, and is {wait!r}")


def _check_on(on: Any) -> None:
    if _is(on, tuple) and on:
        for kind in on:
            _check_kind(kind)
    elif isinstance(on, type):
        _check_kind(on)
    elif not callable(on):
        raise InvalidArgumentError("on", f"exception types or a predicate, and is {on!r}")


def _check_kind(kind: Any) -> None:
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        raise InvalidArgumentError("on", f"exception types that derive from Exception, and one is {kind!r}")
    if issubclass(kind, CommandTimeoutError | CommitOutcomeUnknownError):
        raise InvalidArgumentError("on", f"errors that may be repeated, which a {kind.__name__} never is")


def _is(value: object, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
