"""Which options a transaction runs with, and which it can join."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from uow_events.errors import TransactionOptionsConflictError
from uow_events.unit_of_work import DEFAULTS, INHERITED, ResolvedOptions, TransactionOptions

INNER_LOCK_TIMEOUT: Final = timedelta(seconds=5)
NOTHING_GIVEN: Final = TransactionOptions()
SHARED = ("isolation_level", "lock_timeout", "statement_timeout", "settings")


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


def check_joinable(
    name: str,
    wanted: TransactionOptions,
    mediators: TransactionOptions,
    running: ResolvedOptions,
    *,
    is_query: bool = False,
) -> None:
    """Make sure that a message can run in a transaction that others opened; its timeout and retries are theirs.

    What it does not give it takes as it is, but it writes, unless it is a query, or it or the mediator says read_only.

    Raises:
        TransactionOptionsConflictError: it asks for something that this transaction does not have.
    """
    if not is_query:
        _check_read_only(name, wanted, mediators, running)
    for option in SHARED:
        asked: Any = getattr(wanted, option)
        if asked is not INHERITED and asked != getattr(running, option):
            raise TransactionOptionsConflictError(name, option, asked, getattr(running, option))


def _check_read_only(
    name: str, wanted: TransactionOptions, mediators: TransactionOptions, running: ResolvedOptions
) -> None:
    only_reads = (mediators if wanted.read_only is INHERITED else wanted).read_only is True
    if running.read_only and not only_reads:
        raise TransactionOptionsConflictError(name, "read_only", False, True)
    if wanted.read_only is True and not running.read_only:
        raise TransactionOptionsConflictError(name, "read_only", True, running.read_only)
