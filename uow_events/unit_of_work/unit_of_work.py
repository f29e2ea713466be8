"""One transaction with everything that belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from uow_events.container import Container, LagomResolver, Resolver
from uow_events.errors import InvalidArgumentError, UnitOfWorkClosedError
from uow_events.messages import (
    AvailableAt,
    EventOrBuilder,
    Invocation,
    MessageContext,
    NotificationChannel,
    OpenChannel,
    Turn,
    running_invocation,
)
from uow_events.unit_of_work.callbacks import Callback, Callbacks
from uow_events.unit_of_work.commit_outcome import CommitLookup
from uow_events.unit_of_work.completion import Completion
from uow_events.unit_of_work.deadline import Deadline
from uow_events.unit_of_work.fence import Fence, State
from uow_events.unit_of_work.joining import Joined
from uow_events.unit_of_work.local_settings import local_settings
from uow_events.unit_of_work.option_checks import check_runs_once, seconds_of
from uow_events.unit_of_work.pipeline import Pipeline
from uow_events.unit_of_work.record_queue import RecordQueue
from uow_events.unit_of_work.recorder import Recorder
from uow_events.unit_of_work.session import FencedSession
from uow_events.unit_of_work.sessions import Bind, Sessions, sessions_of
from uow_events.unit_of_work.transaction_options import DEFAULTS, TransactionOptions, with_defaults

T = TypeVar("T")


class UnitOfWork:
    """One database transaction: an async context manager around repository code.

    Leaving it without an exception flushes, processes what was recorded, runs the before_commit callbacks, writes the
    outbox rows, commits, and runs the after_commit callbacks. Any exception rolls all of it back and leaves as the
    same object. The connection is taken at the first use of the session. Cancellation before the commit rolls back;
    one that arrives during the commit is raised after it.

    Standalone: `async with UnitOfWork(engine) as uow: Meetings(uow.session)...`; a mediator's `unit_of_work()` brings
    the container, the event handlers and the notification channel along.

    Args:
        bind: an AsyncEngine, or an async_sessionmaker bound to one.
        container: builds what resolve() is asked for: a Lagom container, or any Resolver.
        pipeline: makes what processes recorded events, such as an EventProcessor; without one, recording is an error.
        notifications: where notification events go; `channel` is what was opened of it.
        name: what notes and task names call this unit of work.
        owner: who opened it; a mediator joins units of its own.
        commit_timeout: how long COMMIT, each callback, and a statement left in flight may take.
        transaction: isolation, limits and settings; `transaction` of the unit of work gives them with nothing left out.
        deadline: that of the command which this is an attempt of; whoever gives one runs the retries, too.
        commit_lookup: tells what became of a COMMIT without an answer; where outbox rows are written, the transaction's
            id does.
        max_events: events and before_commit callbacks at most, against endless chains.

    Raises:
        UnsupportedBindError: the bind would void these promises, or cannot do what `transaction` asks for.
        InvalidArgumentError: `transaction` is no TransactionOptions, has a retry, or its callable returned settings
            that cannot be set; `commit_timeout` is none from 1 millisecond to 24 days.
        UnitOfWorkClosedError: it was entered a second time.
        UnprocessedEventsError: events were recorded, and there is no pipeline.
        CommandTimeoutError: the block took longer than the timeout of `transaction`.
        Exception: as for Mediator.send(), when the block is left.
    """

    _root: Invocation | None = None

    def __init__(
        self,
        bind: Bind | Sessions,
        *,
        container: Resolver | Container | None = None,
        pipeline: Callable[[UnitOfWork], Pipeline] | None = None,
        notifications: NotificationChannel | None = None,
        context: MessageContext | None = None,
        name: str = "unit_of_work()",
        owner: object = None,
        commit_timeout: timedelta = timedelta(seconds=30),
        transaction: TransactionOptions = DEFAULTS,
        deadline: Deadline | None = None,
        max_events: int = 10_000,
        commit_lookup: CommitLookup | None = None,
    ) -> None:
        self.context = context or MessageContext()
        self.name, self.owner = name, owner
        self.transaction = with_defaults(transaction)
        self.channel: OpenChannel | None = notifications.open(self.context) if notifications else None
        self._own_deadline = self._deadline_of_its_own() if deadline is None else None
        self._fence = Fence()
        self._queue = RecordQueue(self._fence, self)
        self._session, self._inner, engine = self._open(bind if isinstance(bind, Sessions) else sessions_of(bind))
        self._recorder = Recorder(self)
        self._resolver = self._child_of(container)
        self._completion = Completion(
            name=name,
            session=self._session,
            fence=self._fence,
            queue=self._queue,
            deadline=deadline or self._own_deadline or Deadline(None, name),
            channel=self.channel,
            max_events=max_events,
            limit=seconds_of("commit_timeout", commit_timeout),
            pipeline=pipeline(self) if pipeline else None,
            close=getattr(self._resolver, "close", None),
            engine=engine,
            lookup=commit_lookup,
        )

    @property
    def session(self) -> AsyncSession:
        """The session that everything in this unit of work shares; it cannot end the transaction."""
        return self._session

    @property
    def sink(self) -> RecordQueue:
        """Where invocations inside this unit of work record."""
        return self._queue

    @property
    def turn(self) -> Turn:
        """Whose turn on the session it is, while event handlers run concurrently."""
        return self._fence.turn

    def resolve(self, dependency: type[T]) -> T:
        """Return an object of a type from this unit's container, in which AsyncSession is this unit's session.

        Raises:
            UnresolvableDependencyError: the container cannot build it.
        """
        return self._resolver.resolve(dependency)

    def record(self, event: EventOrBuilder, *more: EventOrBuilder, available_at: AvailableAt | None = None) -> None:
        """Record events, or callables that build one after the next flush, in this order.

        NotificationEvents are not delivered before `available_at`; a timedelta counts from the end of the transaction.

        Raises:
            NotAMessageError: something is no event.
            UnschedulableEventError: one was given a time, and is no NotificationEvent.
            InvalidArgumentError: `available_at` is no datetime with a time zone, and no timedelta above 0.
            UnitOfWorkClosedError: the unit of work has ended, or is committing.
        """
        invocation = running_invocation()
        if invocation is None or invocation.sink is not self._queue:
            invocation = self._root or Invocation(self.name, self.name, self._queue)
        for content in (event, *more):
            invocation.record(content, self._recorder, available_at)

    def before_commit(self, callback: Callback) -> None:
        """Run a callback after the events, before the commit; its errors roll back, and it may record and write."""
        self._add(self._completion.before_commit, callback)

    def after_commit(self, callback: Callback) -> None:
        """Run a callback once after the commit, never after a rollback; its errors are logged."""
        self._add(self._completion.after_commit, callback)

    def after_rollback(self, callback: Callback) -> None:
        """Run a callback after everything was rolled back; its errors are logged. One made in a savepoint runs too."""
        self._add(self._completion.after_rollback, callback)

    def join(self, name: str) -> Joined:
        """Return a context manager for work that shares this unit of work, whose failure rolls all of it back."""
        return Joined(self, self._completion.joinings, name)

    async def __aenter__(self) -> Self:
        if self._fence.state is not State.NEW:
            raise UnitOfWorkClosedError(
                "`async with` on it a second time", self._fence.state, "its block runs once; open a new one"
            )
        if self._own_deadline is not None:
            await self._own_deadline.__aenter__()
        self._root = Invocation(self.name, self.name, self._queue).__enter__()
        self._fence.state = State.OPEN
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._root is not None
        left = error
        try:
            await self._completion.finish(error)
        except BaseException as failure:
            left = failure
            raise
        finally:
            self._root.__exit__(None, None, None)
            if self._own_deadline is not None:
                await self._own_deadline.__aexit__(type(left) if left else None, left, traceback)

    def _deadline_of_its_own(self) -> Deadline:
        check_runs_once(self.transaction.retry)
        return Deadline(self.transaction.timeout, self.name)

    def _open(self, sessions: Sessions) -> tuple[AsyncSession, FencedSession, AsyncEngine]:
        settings = local_settings(self.transaction, self.context)
        session, inner = sessions.open(self._fence, self._queue, self.transaction, settings)
        self._queue.serve(session, inner)
        return session, inner, sessions.engine

    def _child_of(self, container: Resolver | Container | None) -> Resolver:
        resolver = LagomResolver(container) if container is None or isinstance(container, Container) else container
        return resolver.child(
            {
                AsyncSession: self._session,
                type(self._session): self._session,
                UnitOfWork: self,
                Recorder: self._recorder,
                MessageContext: self.context,
            }
        )

    def _add(self, callbacks: Callbacks, callback: Callback) -> None:
        self._fence.check_state("A callback")
        if not callable(callback):
            raise InvalidArgumentError("callback", f"a callable without parameters, and is {callback!r}")
        callbacks.add(callback, self._queue.surrounding_savepoint)
