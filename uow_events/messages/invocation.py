"""One run of one handler: what is recorded meanwhile belongs to it."""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Protocol

from uow_events.messages.handler_options import InnerCommit
from uow_events.messages.position import Position
from uow_events.messages.record import EventOrBuilder, Record, Undoable
from uow_events.messages.schedule import AvailableAt

_running: ContextVar[Invocation | None] = ContextVar("uow_events_invocation", default=None)


class RecordSink(Protocol):
    """Where records go while a unit of work, or an event processor by itself, runs."""

    @property
    def is_open(self) -> bool:
        """Whether it still takes records."""
        ...

    def take(self, record: Record) -> None:
        """Keep a record, in the order of the calls."""
        ...

    def failed(self, error: BaseException, invocation: Invocation) -> None:
        """Take it that an exception left an invocation."""
        ...


class Invocation:
    """One run of a handler, or of a unit of work's own body; a context manager that makes it the running one.

    Found through a ContextVar by whatever the handler calls, in its own task and in those it starts; `outer` is the
    invocation it was made in, `cause` the event it handles, `inner_commit` what session.commit() does in it. Where
    handlers run concurrently, `position` is its place in their order, and `scope` what undoes its records where it does
    not hold the session, and so has no savepoint.
    """

    __slots__ = (
        "_token",
        "cause",
        "handler",
        "inner_commit",
        "outer",
        "position",
        "records",
        "scope",
        "sink",
        "subject",
    )

    def __init__(self, subject: str, handler: str, sink: RecordSink | None, cause: Record | None = None) -> None:
        self.subject = subject
        self.handler = handler
        self.sink = sink
        self.cause = cause
        self.outer = _unless_all_ended(_running.get())
        self.position: Position | None = None
        self.scope: Undoable | None = None
        self.inner_commit: InnerCommit = "refuse"
        self.records: list[Record] = []
        self._token: Token[Invocation | None] | None = None

    @property
    def surrounding(self) -> Invocation | None:
        """The invocation that this one joined, as a send inside a handler does; its transaction is the same."""
        outer = self.outer
        return outer if outer is not None and outer.sink is self.sink and not outer.is_body else None

    @property
    def causing_event(self) -> Record | None:
        """The event that this handles, or that caused the command which this handles."""
        invocation: Invocation | None = self
        while invocation is not None and invocation.cause is None:
            invocation = invocation.surrounding
        return invocation.cause if invocation is not None else None

    def nearest_scope(self, sink: RecordSink) -> Undoable | None:
        """What undoes what is done here in a sink's unit of work: the scope of the nearest invocation in that, through
        those of other units of work that lie between.
        """
        invocation: Invocation | None = self
        while invocation is not None and (invocation.scope is None or invocation.sink is not sink):
            invocation = invocation.outer
        return invocation.scope if invocation is not None else None

    @property
    def is_body(self) -> bool:
        """Whether this is a unit of work's own body, and no handler."""
        return self.handler == self.subject

    @property
    def is_open(self) -> bool:
        """Whether records can still be taken: its sink is open, or, where it has none, it still runs."""
        return self.sink.is_open if self.sink is not None else self._token is not None

    def is_within(self, other: Invocation) -> bool:
        """Whether this is the other one, or was made in it, however deep."""
        invocation: Invocation | None = self
        while invocation is not None and invocation is not other:
            invocation = invocation.outer
        return invocation is not None

    def record(self, content: EventOrBuilder, recorder: object, available_at: AvailableAt | None = None) -> Record:
        """Keep an event that `recorder` recorded, for a time of its own where one is given.

        Raises:
            NotAMessageError: it is no event.
            UnschedulableEventError: it was given a time, and is no NotificationEvent.
            InvalidArgumentError: the time is none.
        """
        record = Record(content, recorder, self, available_at)
        if self.sink is not None:
            self.sink.take(record)
        self.records.append(record)
        return record

    def recorded_by(self, recorder: object) -> tuple[EventOrBuilder, ...]:
        """Return what one recorder recorded in this invocation, in order."""
        return tuple(record.content for record in self.records if record.recorder is recorder)

    def __enter__(self) -> Invocation:
        self._token = _running.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._token is not None
        with suppress(ValueError):  # fixtures enter and leave in different contexts, and the other one is gone
            _running.reset(self._token)
        self._token = None
        if error is not None and self.sink is not None:
            self.sink.failed(error, self)


def _unless_all_ended(outer: Invocation | None) -> Invocation | None:
    """Return where an invocation is made; nothing where all of it has ended, so that tasks which start the next one
    for ever do not keep every unit of work that there was.
    """
    one = outer
    while one is not None and not one.is_open:
        one = one.outer
    return None if one is None else outer


def running_invocation() -> Invocation | None:
    """Return the innermost invocation of this task, whether or not its unit of work still runs."""
    return _running.get()
