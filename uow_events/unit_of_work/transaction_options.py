"""How a command's transaction runs: isolation, limits, settings, retries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, overload

from uow_events.errors import InvalidArgumentError, kind_of
from uow_events.messages import MessageContext
from uow_events.unit_of_work.option_checks import check_options, is_mapping
from uow_events.unit_of_work.retry_policy import RetryPolicy

IsolationLevel: TypeAlias = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
Settings: TypeAlias = Mapping[str, str] | Callable[[MessageContext], Mapping[str, str]]


class Inherited(Enum):
    """The value of an option that was not given."""

    INHERITED = "inherited"


INHERITED: Final = Inherited.INHERITED


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionOptions:
    """Options of a transaction; one that is not given is inherited from the mediator's, None switches it off.

    Args:
        isolation_level: READ COMMITTED, REPEATABLE READ or SERIALIZABLE; None: the engine's.
        read_only: the database refuses every write; None: as the engine says.
        timeout: the whole command's, with all attempts and the waits between them; never the commit's.
        lock_timeout: how long one statement waits for a lock.
        statement_timeout: how long one statement runs.
        settings: PostgreSQL settings for this transaction alone, as row-level security by tenant needs them: a mapping,
            or a callable of the MessageContext that returns one, called once per attempt.
        retry: which failures bring another attempt; off unless given.

    Times are a timedelta from 1 millisecond to 24 days. Isolation level and read-only come with BEGIN; lock_timeout,
    statement_timeout and settings take one statement after it. All of them end with the transaction.

    Raises:
        InvalidArgumentError: an option is not what it must be, or contradicts another.
    """

    isolation_level: IsolationLevel | Inherited | None = INHERITED
    read_only: bool | Inherited | None = INHERITED
    timeout: timedelta | Inherited | None = INHERITED
    lock_timeout: timedelta | Inherited | None = INHERITED
    statement_timeout: timedelta | Inherited | None = INHERITED
    settings: Settings | Inherited | None = INHERITED
    retry: RetryPolicy | Inherited | None = INHERITED

    def __post_init__(self) -> None:
        check_options(_given(self))
        settings: Any = self.settings
        if is_mapping(settings):
            object.__setattr__(self, "settings", MappingProxyType({**settings}))

    @overload
    def over(self, base: ResolvedOptions) -> ResolvedOptions: ...
    @overload
    def over(self, base: TransactionOptions) -> TransactionOptions: ...
    def over(self, base: TransactionOptions) -> TransactionOptions:
        """Return these options, with those of `base` where none is given here.

        Raises:
            InvalidArgumentError: together they contradict each other.
        """
        return replace(base, **_given(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedOptions(TransactionOptions):
    """The options of a transaction with nothing left to inherit; None: nothing is set."""

    isolation_level: IsolationLevel | None = None
    read_only: bool | None = None
    timeout: timedelta | None = None
    lock_timeout: timedelta | None = None
    statement_timeout: timedelta | None = None
    settings: Settings | None = None
    retry: RetryPolicy | None = None


def check_are_options(given: object) -> None:
    """Make sure that a `transaction` argument is one.

    Raises:
        InvalidArgumentError: it is none.
    """
    if not isinstance(given, TransactionOptions):
        raise InvalidArgumentError("transaction", f"an instance of TransactionOptions, and is {kind_of(given)}")


def _given(options: TransactionOptions) -> dict[str, Any]:
    values = {field.name: getattr(options, field.name) for field in fields(options)}
    return {name: value for name, value in values.items() if value is not INHERITED}


DEFAULTS = ResolvedOptions()


def with_defaults(given: TransactionOptions) -> ResolvedOptions:
    """Return options with nothing left to inherit.

    Raises:
        InvalidArgumentError: they are no options.
    """
    check_are_options(given)
    return given if isinstance(given, ResolvedOptions) else given.over(DEFAULTS)
