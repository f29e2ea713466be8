"""What is wrong with transaction options, found when they are made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from uow_events.errors import InvalidArgumentError
from uow_events.messages.text import why_not_name, why_not_text
from uow_events.unit_of_work.retry_policy import RetryPolicy

LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
REFUSED_LEVELS = {
    "AUTOCOMMIT": "with AUTOCOMMIT nothing can be rolled back",
    "READ UNCOMMITTED": "PostgreSQL takes READ UNCOMMITTED for READ COMMITTED; say that",
}
SHORTEST, LONGEST = timedelta(milliseconds=1), timedelta(days=24)  # PostgreSQL counts milliseconds, in 31 bits
OWN_FIELDS = ("lock_timeout", "statement_timeout")


def check_options(given: Mapping[str, Any]) -> None:
    """Make sure that options can work, alone and together; None is always one that can.

    Raises:
        InvalidArgumentError: one cannot.
    """
    options = {name: value for name, value in given.items() if value is not None}
    if "isolation_level" in options:
        _check_level(options["isolation_level"])
    if not isinstance(options.get("read_only", False), bool):
        raise InvalidArgumentError("read_only", f"True, False or None, and is {options['read_only']!r}")
    if "retry" in options and not isinstance(options["retry"], RetryPolicy):
        raise InvalidArgumentError("retry", f"a RetryPolicy or None, and is {options['retry']!r}")
    _check_times({name: options[name] for name in ("timeout", *OWN_FIELDS) if name in options})
    settings = options.get("settings")
    if settings is not None and not callable(settings):
        check_settings(settings)


def check_settings(settings: Any) -> None:
    """Make sure that settings can be set for a transaction.

    Raises:
        InvalidArgumentError: they cannot; values are not repeated.
    """
    if not is_mapping(settings):
        kind = type(settings).__name__
        wanted = f"a mapping of str to str, or a plain function that returns one, and is a {kind}"
        raise InvalidArgumentError("settings", wanted)
    for name, value in settings.items():
        wrong_name, wrong_value = why_not_text(name) or why_not_name(name), why_not_text(value)
        if wrong_name:
            raise InvalidArgumentError("settings", f"a mapping of str to str; the name {name!r} is none: {wrong_name}")
        if wrong_value:
            wanted = f"a mapping of str to str; the value of {name!r} is none: {wrong_value}"
            raise InvalidArgumentError("settings", wanted)
        _check_not_an_option(name)


def check_runs_once(retry: object) -> None:
    """Make sure that nobody asks for retries of a block.

    Raises:
        InvalidArgumentError: somebody does.
    """
    if isinstance(retry, RetryPolicy):
        wanted = "options without retry: the block of a unit of work cannot run twice; only a command can"
        raise InvalidArgumentError("transaction", wanted)


def seconds_of(argument: str, given: Any) -> float:
    """Return a limit of time in seconds.

    Raises:
        InvalidArgumentError: it is none in which something could happen.
    """
    if not isinstance(given, timedelta) or not SHORTEST <= given <= LONGEST:
        raise InvalidArgumentError(argument, f"a timedelta from 1 millisecond to 24 days, and is {given!r}")
    return given.total_seconds()


def is_mapping(value: object) -> bool:
    """Tell whether a value is a mapping, of whatever."""
    return isinstance(value, Mapping)


def _check_not_an_option(name: str) -> None:
    if name.lower() in OWN_FIELDS or name.lower().startswith("transaction_"):
        wanted = f"settings of the application's own: for {name!r}, TransactionOptions has fields (isolation_level, "
        raise InvalidArgumentError("settings", f"{wanted}read_only, timeout, {', '.join(OWN_FIELDS)})")


def _check_level(level: object) -> None:
    if level not in LEVELS:
        reason = REFUSED_LEVELS.get(str(level), "PostgreSQL has no other")
        raise InvalidArgumentError("isolation_level", f"one of {', '.join(LEVELS)}, and is {level!r}: {reason}")


def _check_times(times: Mapping[str, Any]) -> None:
    for name, value in times.items():
        if not isinstance(value, timedelta) or not SHORTEST <= value <= LONGEST:
            raise InvalidArgumentError(name, f"a timedelta from 1 millisecond to 24 days, or None, and is {value!r}")
    for name in OWN_FIELDS:
        if name in times and "timeout" in times and times[name] >= times["timeout"]:
            wanted = f"shorter than timeout, {times['timeout']}, within which the whole command must end"
            raise InvalidArgumentError(name, f"{wanted}, and is {times[name]}")
