"""Errors of the transaction and its session."""

from uow_events.errors.base import UowEventsError


class TransactionControlError(UowEventsError, RuntimeError):
    """A handler tried to end or begin the transaction; the unit of work rolls back, even if this is caught."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(
            f"{operation} is not allowed inside a unit of work, which commits or rolls back as a whole: remove the "
            "call (flush() sends pending changes, begin_nested() opens a savepoint). The unit of work rolls back"
        )


class UnitOfWorkClosedError(UowEventsError, RuntimeError):
    """A unit of work, its session or its recorder was used after its end, or while it was committing."""

    def __init__(self, used: str, state: str = "has ended") -> None:
        self.used = used
        self.state = state
        super().__init__(
            f"{used} was used, but its unit of work {state}: await everything that uses it before the handler returns, "
            "or open a unit of work of its own"
        )


class SessionOwnershipError(UowEventsError, RuntimeError):
    """Two tasks used one unit of work's session at the same time."""

    def __init__(self, operation: str, running: str) -> None:
        self.operation = operation
        self.running = running
        super().__init__(
            f"{operation} was called on a session while {running} is still running on it in another task: "
            "await one after the other, or give the second task a unit of work of its own"
        )


class TransactionAbortedError(UowEventsError, RuntimeError):
    """The transaction had already failed or ended, so that a commit would have stored nothing."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"There was no commit: {problem}. Let database errors leave the handler, or do what may fail inside "
            "`async with session.begin_nested()`"
        )


class RollbackOnlyError(UowEventsError, RuntimeError):
    """An exception left a joined send or unit of work, and the outer handler caught it."""

    def __init__(self, joined: str) -> None:
        self.joined = joined
        super().__init__(
            f"{joined} failed inside this transaction and its error was caught: half of it would have been committed, "
            "so everything was rolled back. Let the error pass"
        )


class CommitOutcomeUnknownError(UowEventsError, RuntimeError):
    """The connection was lost, or the time was up, while COMMIT was on its way: it may or may not have happened."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The outcome of the commit is unknown: {reason}. Look at the data before sending the command again"
        )
