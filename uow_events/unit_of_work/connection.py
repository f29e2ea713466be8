"""The connection under a unit of work: cannot end the transaction, and knows what happened on it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, NestedTransaction, PoolProxiedConnection, event

from uow_events.errors import UnitOfWorkClosedError
from uow_events.unit_of_work.consequence import is_consequence, trace_back
from uow_events.unit_of_work.fence import Fence, State
from uow_events.unit_of_work.savepoints import Savepoints
from uow_events.unit_of_work.sql_text import transaction_control
from uow_events.unit_of_work.streams import FencedCursor


class FencedConnection(Connection):
    """A connection that belongs to a unit of work from its session's begin to its end."""

    fence = Fence()  # of nobody, until a session takes the connection
    savepoints = Savepoints()

    @property
    def connection(self) -> PoolProxiedConnection:
        """The raw connection. Whoever takes it may do what no event shows: the transaction begins, and is known by."""
        fence = self.fence
        if fence.state is State.OPEN and not fence.raw_taken and not fence.is_controlled and not fence.is_flushing:
            fence.started_at = self.transaction_start()
            fence.raw_taken = True
        return super().connection

    @property
    def info(self) -> Any:
        """The pool's record of the connection, without taking the raw one."""
        with self.fence.control():
            return super().info

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Execute a statement, one at a time."""
        return self._in_turn(super().execute, args, kwargs)

    def scalar(self, *args: Any, **kwargs: Any) -> Any:
        """Execute a statement and return its first value, one at a time."""
        return self._in_turn(super().scalar, args, kwargs)

    def scalars(self, *args: Any, **kwargs: Any) -> Any:
        """Execute a statement and return its first column, one at a time."""
        return self._in_turn(super().scalars, args, kwargs)

    def exec_driver_sql(self, *args: Any, **kwargs: Any) -> Any:
        """Execute SQL text as it is, one statement at a time."""
        return self._in_turn(super().exec_driver_sql, args, kwargs)

    def begin(self) -> Any:
        """Begin, for the session only."""
        if self.in_transaction():
            self.fence.refuse("connection.begin()")
        return super().begin()

    def begin_nested(self) -> NestedTransaction:
        """Open a savepoint, and follow it."""
        transaction = super().begin_nested()
        self.savepoints.opened(transaction)
        return transaction

    def begin_twophase(self, xid: Any = None) -> Any:
        """Refuse."""
        self.fence.refuse("connection.begin_twophase()")

    def commit(self) -> None:
        """Refuse."""
        self.fence.refuse("connection.commit()")

    def rollback(self) -> None:
        """Refuse."""
        self.fence.refuse("connection.rollback()")

    def close(self) -> None:
        """Return the connection to the pool, for the unit of work only, and never with an open transaction."""
        if self.in_transaction():
            self.fence.refuse("connection.close()")
        if not self.closed and not self.invalidated and self._driver_says("is_in_transaction"):
            self.invalidate()
        super().close()

    def transaction_start(self) -> Any:
        """Return what tells this transaction from any other: the time at which it began."""
        with self.fence.control():
            return self.exec_driver_sql("SELECT now()" if self.dialect.name == "postgresql" else "SELECT 1").scalar()

    def driver_is_closed(self) -> bool:
        """Whether the driver knows, without a round trip, that the connection is gone."""
        return self._driver_says("is_closed") is True

    def _driver_says(self, question: str) -> bool | None:
        ask = getattr(super().connection.driver_connection, question, None)
        return bool(ask()) if ask is not None else None

    def _in_turn(self, run: Any, args: Any, kwargs: Any) -> Any:
        fence = self.fence
        fence.enter("connection.execute()")
        try:
            fence.statement_sent = True
            answer = run(*args, **kwargs)
            if self._driver_says("is_in_transaction") is False:
                fence.refuse_escape()
            return answer
        finally:
            fence.leave()


def fenced(engine: Engine, options: Mapping[str, Any]) -> Engine:
    """Return an engine on the same pool whose connections are FencedConnections with these execution options."""

    def connect(twin: Engine) -> Connection:
        # not as options of the twin: over those of an engine, SQLAlchemy prefers the options of the engine beneath it
        return FencedConnection(twin).execution_options(**options)

    twin = engine.execution_options()
    made_by: Any = connect if options else FencedConnection
    twin._connection_cls = made_by  # pyright: ignore[reportPrivateUsage]
    event.listen(twin, "commit", _before_commit)
    event.listen(twin, "rollback", _before_rollback)
    event.listen(twin, "rollback_savepoint", _savepoint_rolled_back)
    event.listen(twin, "release_savepoint", _savepoint_released)
    event.listen(twin, "before_cursor_execute", _before_statement)
    event.listen(twin, "after_cursor_execute", _after_statement)
    if not event.contains(engine.dialect, "handle_error", _failed):  # all engines on the pool share it
        event.listen(engine.dialect, "handle_error", _failed)
    return twin


def _before_commit(connection: FencedConnection) -> None:
    if not connection.fence.is_committing:
        connection.fence.refuse("transaction.commit()")
    connection.fence.commit_sent = True


def _before_rollback(connection: FencedConnection) -> None:
    if isinstance(closed := sys.exception(), UnitOfWorkClosedError):
        raise closed  # SQLAlchemy tidies up after a late fetch, and would say of that what it says of a rollback
    if not connection.fence.is_flushing:
        connection.fence.refuse("transaction.rollback()")


def _savepoint_rolled_back(connection: FencedConnection, name: str, _: None) -> None:
    connection.savepoints.undone_by_name(name, connection.fence.failure)


def _savepoint_released(connection: FencedConnection, name: str, _: None) -> None:
    connection.savepoints.released_by_name(name)


def _before_statement(connection: FencedConnection, cursor: Any, statement: str, *_: Any) -> None:
    words = transaction_control(statement)
    if words is not None:
        connection.fence.refuse(f"The SQL statement {words}")


def _after_statement(connection: FencedConnection, cursor: Any, statement: str, _: Any, context: Any, *__: Any) -> None:
    if context._is_server_side:  # pyright: ignore[reportPrivateUsage]
        context.cursor = FencedCursor(cursor, connection.fence)


def _failed(context: ExceptionContext) -> None:
    """Keep a statement's error, also one of a fetch, in case a handler swallows it."""
    if not isinstance(context.connection, FencedConnection):
        return
    fence = context.connection.fence
    error = context.original_exception
    if fence.failure is None or not is_consequence(error):
        fence.failure = context.sqlalchemy_exception or error
    else:
        trace_back(error, fence.failure)
