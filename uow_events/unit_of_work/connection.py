"""The connection under a unit of work: cannot end the transaction, and knows what happened on it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, PoolProxiedConnection, event

from uow_events.unit_of_work.fence import Fence
from uow_events.unit_of_work.sql_text import transaction_control


class FencedConnection(Connection):
    """A connection that belongs to a unit of work from its session's begin to its end."""

    fence = Fence()  # of nobody, until a session takes the connection

    @property
    def connection(self) -> PoolProxiedConnection:
        """The raw connection; whoever takes it may do what no event shows, so that the commit looks twice."""
        self.fence.raw_taken = self.fence.raw_taken or not self.fence.is_controlled
        return super().connection

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
        if not self.closed and not self.invalidated and self.driver_in_transaction():
            self.invalidate()
        super().close()

    def driver_in_transaction(self) -> bool | None:
        """Ask the driver, without a round trip, whether the server is in a transaction; None where it cannot tell."""
        tells = getattr(super().connection.driver_connection, "is_in_transaction", None)
        return bool(tells()) if tells is not None else None

    def _in_turn(self, run: Any, args: Any, kwargs: Any) -> Any:
        fence = self.fence
        fence.enter("connection.execute()")
        try:
            fence.statement_sent = True
            return run(*args, **kwargs)
        except BaseException as error:
            fence.failure = error
            raise
        finally:
            fence.leave()


def fenced(engine: Engine) -> Engine:
    """Return an engine on the same pool whose connections are FencedConnections."""
    twin = engine.execution_options()
    twin._connection_cls = FencedConnection  # pyright: ignore[reportPrivateUsage]
    event.listen(twin, "commit", _before_commit)
    event.listen(twin, "rollback", _before_rollback)
    event.listen(twin, "before_cursor_execute", _before_statement)
    return twin


def _before_commit(connection: FencedConnection) -> None:
    connection.fence.refuse("transaction.commit()")
    connection.fence.commit_sent = True


def _before_rollback(connection: FencedConnection) -> None:
    connection.fence.refuse_rollback()


def _before_statement(connection: FencedConnection, cursor: Any, statement: str, *_: Any) -> None:
    words = transaction_control(statement)
    if words is not None:
        connection.fence.refuse(f"The SQL statement {words}")
