"""Which options a transaction runs with, and which it can join."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from uow_events.errors import TransactionOptionsConflictError
from uow_events.unit_of_work import DEFAULTS, INHERITED, ResolvedOptions, TransactionOptions

INNER_LOCK_TIMEOUT: Final = timedelta(seconds=5)
NOTHING_GIVEN: Final = TransactionOptions()
SHARED = ("isolation_level", "read_only", "lock_timeout", "statement_timeout", "settings")


def resolved(own: TransactionOptions, mediators: TransactionOptions) -> ResolvedOptions:
    """Return a transaction's options: its own, those of the mediator where it gives none, else nothing.

    Raises:
        InvalidArgumentError: together they contradict each other.
    """
    return own.over(mediators).over(DEFAULTS)


def for_inner(options: ResolvedOptions, own: TransactionOptions, mediators: TransactionOptions) -> ResolvedOptions:
    """Return the options of a transaction inside of another one: it waits for no lock for ever, unless told to.

    The outer transaction may hold that lock, and wait in Python, where PostgreSQL sees no deadlock.
    """
    if any(given.lock_timeout is not INHERITED for given in (own, mediators)):
        return options
    longer = (limit / 2 for limit in (options.timeout, options.statement_timeout) if limit is not None)
    return replace(options, lock_timeout=min([INNER_LOCK_TIMEOUT, *longer]))


def check_joinable(name: str, wanted: TransactionOptions, running: ResolvedOptions, *, is_query: bool) -> None:
    """Make sure that a message can run in a transaction that others opened; its timeout and retries are theirs.

    Raises:
        TransactionOptionsConflictError: it asks for something that this transaction does not have.
    """
    if running.read_only and not is_query:
        raise TransactionOptionsConflictError(name, "read_only", False, True)
    for option in SHARED:
        asked: Any = getattr(wanted, option)
        if asked in (INHERITED, None) or (option == "read_only" and is_query):
            continue
        if asked != getattr(running, option):
            raise TransactionOptionsConflictError(name, option, asked, getattr(running, option))
