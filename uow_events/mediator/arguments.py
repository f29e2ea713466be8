"""What a mediator may be made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NewType, cast, get_args, get_origin

from uow_events.errors import InvalidArgumentError, kind_of
from uow_events.events import Unhandled
from uow_events.mediator.options import NOTHING_GIVEN
from uow_events.mediator.registry import Registry
from uow_events.messages.text import why_not_name, why_not_text
from uow_events.unit_of_work import TransactionOptions, check_are_options, check_runs_once, seconds_of

PROPAGATIONS = ("join", "nested", "requires_new")


def check_arguments(
    registry: Any, notifications: Any, unhandled_events: Any, transaction: Any, schema: Any, commit_timeout: Any
) -> None:
    """Make sure that what was given can work, before anything is sent.

    Raises:
        InvalidArgumentError: it cannot; names the argument and what it must be.
    """
    if not isinstance(registry, Registry):
        raise InvalidArgumentError("registry", f"an instance of Registry, and is {kind_of(registry)}")
    if notifications is not None and not callable(getattr(notifications, "open", None)):
        wanted = f"Outbox() or DirectPublishing(broker), and is {kind_of(notifications)}"
        raise InvalidArgumentError("notifications", wanted)
    if unhandled_events not in get_args(Unhandled):
        raise InvalidArgumentError("unhandled_events", f"'warn', 'error' or 'ignore', and is {unhandled_events!r}")
    check_are_options(transaction)
    _check_schema("idempotency_schema", schema)
    seconds_of("commit_timeout", commit_timeout)


def check_limits(max_events: Any, max_concurrent_event_handlers: Any, max_requires_new: Any) -> None:
    """Make sure that each limit lets something through.

    Raises:
        InvalidArgumentError: one does not, or is no integer.
    """
    if not _is_integer(max_events, 1):
        raise InvalidArgumentError("max_events", f"an integer from 1, and is {max_events!r}")
    if not _is_integer(max_concurrent_event_handlers, 1):
        wanted = f"an integer from 1, and is {max_concurrent_event_handlers!r}"
        raise InvalidArgumentError("max_concurrent_event_handlers", wanted)
    if max_requires_new is not None and not _is_integer(max_requires_new, 0):
        raise InvalidArgumentError("max_requires_new", f"None or an integer from 0, and is {max_requires_new!r}")


def scoped_types(given: Any) -> tuple[type, ...]:
    """Return the types that are built once per unit of work.

    Raises:
        InvalidArgumentError: they are no sequence, or one of them is no type.
    """
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InvalidArgumentError("scoped", f"a sequence of types, such as [Repository], and is {kind_of(given)}")
    types = cast("Sequence[type]", given)
    for one in types:
        if not isinstance(get_origin(one) or one, type | NewType):
            raise InvalidArgumentError("scoped", f"a sequence of types, such as [Repository], and has {one!r}")
    return tuple(types)


def _is_integer(given: Any, least: int) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= least


def _check_schema(argument: str, given: Any) -> None:
    problem = None if given is None else why_not_text(given) or why_not_name(given)
    if problem:
        raise InvalidArgumentError(argument, f"None or the name of a schema, which {given!r} is not: {problem}")


def check_propagation(propagation: Any) -> None:
    """Make sure that a send knows where to run.

    Raises:
        InvalidArgumentError: it does not.
    """
    if propagation not in PROPAGATIONS:
        raise InvalidArgumentError("propagation", f"'join', 'nested' or 'requires_new', and is {propagation!r}")


def options_of_block(transaction: TransactionOptions | None) -> TransactionOptions:
    """Return the options given for a block, which runs once.

    Raises:
        InvalidArgumentError: they are no options, or ask for retries.
    """
    options = NOTHING_GIVEN if transaction is None else transaction
    check_are_options(options)
    check_runs_once(options.retry)
    return options
