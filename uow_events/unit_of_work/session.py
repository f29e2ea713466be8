"""The session that a unit of work hands out: cannot end the transaction, nor be used after its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from sqlalchemy import Connection, event
from sqlalchemy.exc import InvalidRequestError, PendingRollbackError
from sqlalchemy.orm import Session, SessionTransaction

from uow_events.errors import TransactionAbortedError, UnitOfWorkClosedError, UnsupportedBindError
from uow_events.messages import Record
from uow_events.unit_of_work.connection import FencedConnection
from uow_events.unit_of_work.consequence import trace_back
from uow_events.unit_of_work.fence import Fence, State
from uow_events.unit_of_work.inner_commit import flushes_instead
from uow_events.unit_of_work.local_settings import prepare
from uow_events.unit_of_work.savepoints import Savepoints


class SessionObserver(Protocol):
    """What a unit of work wants to hear of its session."""

    def take(self, record: Record) -> None:
        """Keep what an object of this session recorded."""
        ...

    def attached(self, instance: object) -> None:
        """Take an object that came into the session."""
        ...

    def merged(self, instance: object) -> None:
        """Take an object whose state was copied into the session."""
        ...

    def undone(self) -> None:
        """Take it that a savepoint rolled back."""
        ...


class CheckedSavepoint(SessionTransaction):
    """A savepoint that says so where a failed flush rolled it back, and the error was swallowed inside of its block.

    SQLAlchemy leaves the block without a word then, and what was done in it is undone.
    """

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        is_lost = kind is None and not self._transaction_is_active() and not self._transaction_is_closed()
        failure = cast("FencedSession", self.session).fence.failure
        super().__exit__(kind, error, traceback)
        if is_lost:
            raise TransactionAbortedError(
                "a flush failed inside of a savepoint, and its error was swallowed"
            ) from failure


class FencedSession(Session):
    """A session whose transaction belongs to its unit of work."""

    fence: Fence
    savepoints: Savepoints
    observer: SessionObserver
    settings: Mapping[str, str]

    def begin(self, nested: bool = False) -> SessionTransaction:
        """Open a savepoint; a transaction is running already."""
        if not nested:
            self.fence.refuse("session.begin()")
        transaction: SessionTransaction = self._in_turn("session.begin_nested()", super().begin, nested)
        transaction.__class__ = CheckedSavepoint
        return transaction

    def commit(self) -> None:
        """Refuse; flush and warn in a handler that was registered with inner_commit="flush"."""
        if flushes_instead(self.observer):
            self.flush()
        else:
            self.fence.refuse("session.commit()")

    def rollback(self) -> None:
        """Refuse."""
        self.fence.refuse("session.rollback()")
        super().rollback()

    def close(self) -> None:
        """Refuse."""
        self.fence.refuse("session.close()")
        super().close()

    def reset(self) -> None:
        """Refuse."""
        self.fence.refuse("session.reset()")

    def invalidate(self) -> None:
        """Refuse."""
        self.fence.refuse("session.invalidate()")

    def prepare(self) -> None:
        """Refuse."""
        self.fence.refuse("session.prepare()")

    def connection(self, bind_arguments: Any = None, execution_options: Any = None) -> Connection:
        """Return the transaction's connection; AUTOCOMMIT is refused."""
        options: dict[str, Any] = dict(execution_options or {})
        if str(options.get("isolation_level")).upper() == "AUTOCOMMIT":
            self.fence.refuse("session.connection() with isolation_level AUTOCOMMIT")
        connection: Connection = self._in_turn(
            "session.connection()", super().connection, bind_arguments, execution_options
        )
        return connection

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Send pending changes; an error after the outbox was written, which is the last write."""
        if self.fence.state is State.COMMITTING and (self.new or self.dirty or self.deleted):
            raise UnitOfWorkClosedError("session.flush()", "is committing, with its outbox written")
        was_active = self.is_active
        try:
            with self.fence.flush():
                self._in_turn("session.flush()", super().flush, objects)
        except Exception as error:
            if was_active and not self.is_active:
                self.fence.flush_failed(error)
            raise

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Execute a statement, one at a time."""
        return self._in_turn("session.execute()", super().execute, *args, **kwargs)

    def scalar(self, *args: Any, **kwargs: Any) -> Any:
        """Execute a statement and return its first value, one at a time."""
        return self._in_turn("session.scalar()", super().scalar, *args, **kwargs)

    def scalars(self, *args: Any, **kwargs: Any) -> Any:
        """Execute a statement and return its first column, one at a time."""
        return self._in_turn("session.scalars()", super().scalars, *args, **kwargs)

    def get_bind(self, *args: Any, **kwargs: Any) -> Any:
        """Return the engine; whatever reaches the database comes by here."""
        self.fence.check_open("The session")
        return super().get_bind(*args, **kwargs)

    def merge(self, instance: Any, **kwargs: Any) -> Any:
        """Copy an object's state into the session, with what it recorded."""
        self.fence.check_open("session.merge()")
        merged = super().merge(instance, **kwargs)
        self.observer.merged(instance)
        return merged

    def merge_all(self, instances: Iterable[Any], **kwargs: Any) -> Sequence[Any]:
        """Copy the state of several objects into the session, with what they recorded."""
        self.fence.check_open("session.merge_all()")
        sources = list(instances)
        merged = super().merge_all(sources, **kwargs)
        for source in sources:
            self.observer.merged(source)
        return merged

    def _in_turn(self, operation: str, run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.fence.enter(operation)
        try:
            return run(*args, **kwargs)
        except InvalidRequestError as error:
            if isinstance(error, PendingRollbackError) or not self.is_active:
                trace_back(error, self.fence.failure)
            raise
        finally:
            self.fence.leave()


def _while_open(name: str) -> Callable[..., Any]:
    def guarded(self: FencedSession, *args: Any, **kwargs: Any) -> Any:
        self.fence.check_open(f"session.{name}()")
        return getattr(super(FencedSession, self), name)(*args, **kwargs)

    return guarded


for _name in (
    "add",
    "bulk_insert_mappings",
    "bulk_save_objects",
    "bulk_update_mappings",
    "delete",
    "expire",
    "refresh",
):
    setattr(FencedSession, _name, _while_open(_name))


@event.listens_for(FencedSession, "after_begin")
def _connection_taken(session: FencedSession, transaction: SessionTransaction, connection: FencedConnection) -> None:
    fence, is_first = session.fence, session.fence.connection is None
    if not is_first and fence.connection is not connection:
        raise UnsupportedBindError(session.bind, "its session uses a second connection, and so a second transaction")
    fence.connection, connection.fence = connection, fence
    connection.savepoints, session.savepoints.on_undone = session.savepoints, session.observer.undone
    if transaction.nested:  # the session's events tell of this one, at the time it was opened and not of its first use
        session.savepoints.ended(connection.get_nested_transaction())
    if is_first:
        prepare(connection, session.settings)


@event.listens_for(FencedSession, "after_transaction_create")
def _transaction_opened(session: FencedSession, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.savepoints.opened(transaction)


@event.listens_for(FencedSession, "after_transaction_end")
def _transaction_ended(session: FencedSession, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.savepoints.ended(transaction)
        session.savepoints.refresh(session, transaction)


@event.listens_for(FencedSession, "after_rollback")
def _rolled_back(session: FencedSession) -> None:
    savepoint = session.get_nested_transaction()
    if savepoint is not None:
        session.savepoints.undone(session, savepoint, session.fence.failure)
        session.observer.undone()


@event.listens_for(FencedSession, "after_attach")
def _attached(session: FencedSession, instance: object) -> None:
    session.observer.attached(instance)
