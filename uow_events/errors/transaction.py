"""Errors of the transaction and its session."""

from datetime import timedelta

from uow_events.errors.base import UowEventsError

LET_IT_LEAVE = "Let database errors leave the handler, or do what may fail inside `async with session.begin_nested()`"
AWAIT_IT = "await everything that uses it before the handler returns, or open a unit of work of its own"


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

    def __init__(self, used: str, state: str = "has ended", remedy: str = AWAIT_IT) -> None:
        self.used = used
        self.state = state
        super().__init__(f"{used} was used, but its unit of work {state}: {remedy}")


class SessionOwnershipError(UowEventsError, RuntimeError):
    """Two tasks used one unit of work's session at the same time, or a handler did whose turn on it it was not."""

    def __init__(self, operation: str, running: str, *, handler: str | None = None) -> None:
        self.operation = operation
        self.running = running
        self.handler = handler
        super().__init__(
            f"{operation} was called on a session while {running} is still running on it in another task: "
            "await one after the other, or give the second task a unit of work of its own"
            if handler is None
            else f"{operation} was called by {handler}, but event handlers run concurrently, and {running} holds the "
            "session: ask for AsyncSession or UnitOfWork in the handler's constructor (a function: as a parameter), so "
            "that it runs alone on the session"
        )


class TransactionAbortedError(UowEventsError, RuntimeError):
    """The transaction had already failed or ended, so that a commit would have stored nothing, or not everything."""

    def __init__(
        self,
        problem: str,
        remedy: str = LET_IT_LEAVE,
        *,
        is_connection_lost: bool = False,
        is_stored_in_part: bool = False,
    ) -> None:
        self.problem = problem
        self.is_connection_lost = is_connection_lost
        self.is_stored_in_part = is_stored_in_part
        super().__init__(f"There was no commit: {problem}. {remedy}")


class RollbackOnlyError(UowEventsError, RuntimeError):
    """An exception that nobody may go on after was caught, as one that left a joined send or unit of work."""

    def __init__(self, joined: str, reason: str = "half of it would have been committed") -> None:
        self.joined = joined
        self.reason = reason
        super().__init__(
            f"{joined} failed inside this transaction and its error was caught: {reason}, so everything was rolled "
            "back. Let the error pass"
        )


class CommitRolledBackError(TransactionAbortedError):
    """No answer came to COMMIT, and a look at the database showed that the transaction was rolled back."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, is_connection_lost=True)
        self.args = (f"There was no commit: {reason}, and the server rolled it back. The command can be sent again",)


class CommitOutcomeUnknownError(UowEventsError, RuntimeError):
    """The connection was lost, or the time was up, while COMMIT was on its way: it may or may not have happened."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The outcome of the commit is unknown: {reason}. Look at the data before sending the command again"
        )


class CommandTimeoutError(UowEventsError, TimeoutError):
    """A command, with all its attempts and waits, took longer than its timeout; everything was rolled back."""

    def __init__(self, command: str, limit: timedelta, running: str) -> None:
        self.command = command
        self.limit = limit
        self.running = running
        super().__init__(
            f"{command} took longer than its timeout of {limit.total_seconds():g} s, and everything was rolled back. "
            f"Running was {running}: find out what that waited for, or raise TransactionOptions(timeout=...)"
        )
