"""Which savepoint something was done in, and what must be mended when one rolls back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from sqlalchemy import NestedTransaction, inspect
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import InstanceState, Session, SessionTransaction

from uow_events.messages import Invocation

Opened: TypeAlias = SessionTransaction | NestedTransaction


class Savepoint:
    """One `begin_nested()` of a unit of work's session or connection, or what stands for one without the session.

    `is_used` says of the latter that work inside of it reached the session after all, which it cannot undo. `owner` is
    the invocation whose work alone it undoes, where it was opened for that, and `name` what errors call this work.
    """

    __slots__ = ("_rolled_back", "is_used", "name", "owner", "parent")

    def __init__(self, parent: Savepoint | None) -> None:
        self.parent = parent
        self.is_used = False
        self.owner: Invocation | None = None
        self.name = ""
        self._rolled_back = False

    def is_foreign_to(self, invocation: Invocation) -> bool:
        """Whether it is for work that an invocation is no part of, but runs beside."""
        return self.owner is not None and not invocation.is_within(self.owner)

    def undo(self) -> None:
        """Note that this savepoint rolled back, and with it all within it."""
        self._rolled_back = True

    @property
    def is_undone(self) -> bool:
        """Whether this savepoint or one around it rolled back."""
        return self._rolled_back or (self.parent is not None and self.parent.is_undone)


class Savepoints:
    """The savepoints of one session and its connection, followed through their events.

    `contained` is the last error of a statement that a savepoint was rolled back after, and so was dealt with.
    """

    def __init__(self) -> None:
        self.contained: BaseException | None = None
        self.on_undone: Callable[[], None] = lambda: None
        self._open: dict[Opened, Savepoint] = {}
        self._loaded: dict[Opened, dict[InstanceState[Any], set[str]]] = {}
        self._expired: dict[InstanceState[Any], set[str]] = {}

    @property
    def current(self) -> Savepoint | None:
        """The innermost savepoint that is open."""
        return next(reversed(self._open.values()), None)

    def foreign_to(self, invocation: Invocation | None) -> Savepoint | None:
        """Return the outermost open savepoint for work that an invocation runs beside; None where that is not known."""
        if invocation is None:
            return None
        return next((savepoint for savepoint in self._open.values() if savepoint.is_foreign_to(invocation)), None)

    def around(self, invocation: Invocation | None) -> Savepoint | None:
        """Return the innermost open savepoint that undoes what an invocation does now."""
        foreign = self.foreign_to(invocation)
        return self.current if foreign is None else foreign.parent

    def inside(self, transaction: Opened) -> list[Opened]:
        """Return those opened inside of a savepoint and still open, the innermost first."""
        opened = list(self._open)
        return opened[: opened.index(transaction) : -1] if transaction in self._open else []

    def opened(self, transaction: Opened) -> None:
        """Follow a new savepoint."""
        self._open[transaction] = Savepoint(self.current)

    def ended(self, transaction: Opened | None) -> None:
        """Leave a savepoint, released or rolled back, and with it what was left open inside, as PostgreSQL does."""
        if transaction in self._open:
            for left in (*self.inside(transaction), transaction):
                del self._open[left]

    def undone(self, session: Session, transaction: SessionTransaction, failure: BaseException | None) -> None:
        """Note a rollback, before the session expires what it changed."""
        self._undo(transaction, failure)
        states = [inspect(instance) for instance in session.identity_map.values()]
        self._loaded[transaction] = {state: set(state.dict) | self._expired.get(state, set()) for state in states}

    def undone_by_name(self, name: str, failure: BaseException | None) -> None:
        """Note the rollback of a connection's own savepoint."""
        for transaction in self._named(name):
            self._undo(transaction, failure)
            self.ended(transaction)
            self.on_undone()

    def released_by_name(self, name: str) -> None:
        """Leave a connection's own savepoint."""
        for transaction in self._named(name):
            self.ended(transaction)

    def refresh(self, session: Any, transaction: SessionTransaction) -> None:
        """Load again what a rollback expired: in an async session nobody else may, without MissingGreenlet."""
        # SQLAlchemy refuses statements until `async with begin_nested()` is left, and tells nobody when it is
        manager, session._trans_context_manager = session._trans_context_manager, None
        try:
            self._refresh(session, transaction)
        finally:
            session._trans_context_manager = manager

    def _undo(self, transaction: Opened, failure: BaseException | None) -> None:
        self.contained = failure
        if savepoint := self._open.get(transaction):
            savepoint.undo()

    def _named(self, name: str) -> list[Opened]:
        return [transaction for transaction in self._open if getattr(transaction, "_savepoint", None) == name]

    def _refresh(self, session: Session, transaction: SessionTransaction) -> None:
        # where PostgreSQL refused to release it, none can be loaded before the rollback of a savepoint around it
        self._expired = {state: before - set(state.dict) for state, before in self._loaded.pop(transaction, {}).items()}
        for state, lost in list(self._expired.items()):
            instance = state.obj()
            if lost and instance is not None and instance in session:
                # a row that others deleted stays expired, as in any session: whose error leaves is not ours to change
                with suppress(InvalidRequestError):
                    session.refresh(instance, lost & set(state.mapper.attrs.keys()) or None)
                    del self._expired[state]
