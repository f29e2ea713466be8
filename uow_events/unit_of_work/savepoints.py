"""Which savepoint something was done in, and what must be mended when one rolls back."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import InstanceState, Session, SessionTransaction


class Savepoint:
    """One `begin_nested()` of a unit of work's session."""

    __slots__ = ("_rolled_back", "parent")

    def __init__(self, parent: Savepoint | None) -> None:
        self.parent = parent
        self._rolled_back = False

    def undo(self) -> None:
        """Note that this savepoint rolled back, and with it all within it."""
        self._rolled_back = True

    @property
    def is_undone(self) -> bool:
        """Whether this savepoint or one around it rolled back."""
        return self._rolled_back or (self.parent is not None and self.parent.is_undone)


class Savepoints:
    """The savepoints of one session, followed through its events."""

    def __init__(self) -> None:
        self.current: Savepoint | None = None
        self._open: dict[SessionTransaction, Savepoint] = {}
        self._loaded: dict[SessionTransaction, dict[InstanceState[Any], set[str]]] = {}

    def opened(self, transaction: SessionTransaction) -> None:
        """Follow a new savepoint."""
        self.current = self._open[transaction] = Savepoint(self.current)

    def ended(self, transaction: SessionTransaction) -> None:
        """Leave a savepoint, released or rolled back."""
        self.current = self._open.pop(transaction).parent

    def undone(self, session: Session, transaction: SessionTransaction) -> None:
        """Note a rollback, before the session expires what it changed."""
        self._open[transaction].undo()
        states = [inspect(instance) for instance in session.identity_map.values()]
        self._loaded[transaction] = {state: set(state.dict) for state in states}

    def refresh(self, session: Session, transaction: SessionTransaction) -> None:
        """Load again what a rollback expired: in an async session nobody else may, without MissingGreenlet."""
        with _free_of_context_manager(session):
            self._refresh(session, transaction)

    def _refresh(self, session: Session, transaction: SessionTransaction) -> None:
        for state, before in self._loaded.pop(transaction, {}).items():
            lost = before - set(state.dict)
            instance = state.obj()
            if lost and instance is not None and instance in session:
                # a row that others deleted stays expired, as in any session: whose error leaves is not ours to change
                with suppress(InvalidRequestError):
                    session.refresh(instance, lost & set(state.mapper.attrs.keys()) or None)


@contextmanager
def _free_of_context_manager(session: Any) -> Generator[None]:
    # SQLAlchemy refuses statements until `async with begin_nested()` is left, and tells nobody when it is
    manager, session._trans_context_manager = session._trans_context_manager, None
    try:
        yield
    finally:
        session._trans_context_manager = manager
