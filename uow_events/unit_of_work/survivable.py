"""After which errors a unit of work may go on, once a savepoint has undone what led to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from uow_events.errors import (
    CommitOutcomeUnknownError,
    EventStormError,
    RollbackOnlyError,
    SessionOwnershipError,
    TransactionAbortedError,
    TransactionControlError,
    UnitOfWorkClosedError,
)
from uow_events.unit_of_work.retryable import is_retryable

FATAL = (
    CommitOutcomeUnknownError,
    EventStormError,
    RollbackOnlyError,
    SessionOwnershipError,
    TransactionAbortedError,
    TransactionControlError,
    UnitOfWorkClosedError,
)


def is_survivable(error: BaseException | None) -> bool:
    """Tell whether a savepoint makes good what an error says: the transaction is sound without what was undone.

    It does not where the error, or one in its chain of causes, is retryable (the snapshot or a lock was lost: what
    others did must be read again, from the start), or is this framework's word on the transaction as a whole.
    """
    return not any(isinstance(one, FATAL) or is_retryable(one) for one in chain_of(error))


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """Return an error with its causes, contexts and members, each once."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += (one.__cause__, one.__context__)
            if isinstance(one, BaseExceptionGroup):
                waiting += cast("BaseExceptionGroup[BaseException]", one).exceptions
