"""One transaction with everything that belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from uow_events.container import Container, LagomResolver, Resolver
from uow_events.errors import (
    CommitOutcomeUnknownError,
    InvalidArgumentError,
    SessionOwnershipError,
    UnitOfWorkClosedError,
    UnprocessedEventsError,
)
from uow_events.messages import (
    EventOrBuilder,
    Invocation,
    MessageContext,
    NotificationChannel,
    OpenChannel,
    running_invocation,
)
from uow_events.unit_of_work.callbacks import Callback, Callbacks
from uow_events.unit_of_work.ending import commit, roll_back, shielded, write_last
from uow_events.unit_of_work.failure_note import annotate
from uow_events.unit_of_work.fence import Fence, State
from uow_events.unit_of_work.joining import Joined, Joinings
from uow_events.unit_of_work.record_queue import RecordQueue
from uow_events.unit_of_work.recorder import Recorder
from uow_events.unit_of_work.sessions import Bind, Sessions, sessions_of

T = TypeVar("T")


class Pipeline(Protocol):
    """What processes the recorded events."""

    async def drain(self, source: RecordQueue) -> None:
        """Process everything recorded, and what that records, until nothing is left."""
        ...


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

    Raises:
        UnsupportedBindError: the bind would void these promises.
        UnitOfWorkClosedError: it was entered a second time.
        UnprocessedEventsError: events were recorded, and there is no pipeline.
        Exception: as for Mediator.send(), when the block is left.
    """

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
    ) -> None:
        self.context = context or MessageContext()
        self.name = name
        self.owner = owner
        self.channel: OpenChannel | None = notifications.open(self.context) if notifications else None
        self._limit = commit_timeout.total_seconds()
        self._fence = Fence()
        self._queue = RecordQueue(self._fence, self)
        sessions = bind if isinstance(bind, Sessions) else sessions_of(bind)
        self._session, self._inner = sessions.open(self._fence, self._queue)
        self._queue.serve(self._session, self._inner)
        self._recorder = Recorder(self)
        resolver = LagomResolver(container) if container is None or isinstance(container, Container) else container
        self._resolver = resolver.child(
            {
                AsyncSession: self._session,
                type(self._session): self._session,
                UnitOfWork: self,
                Recorder: self._recorder,
                MessageContext: self.context,
            }
        )
        self._pipeline = pipeline(self) if pipeline else None
        self._before_commit = Callbacks("before the commit")
        self._after_commit = Callbacks("after the commit")
        self._after_rollback = Callbacks("after the rollback")
        self._root: Invocation | None = None
        self._joinings = Joinings()

    @property
    def session(self) -> AsyncSession:
        """The session that everything in this unit of work shares; it cannot end the transaction."""
        return self._session

    @property
    def sink(self) -> RecordQueue:
        """Where invocations inside this unit of work record."""
        return self._queue

    def resolve(self, dependency: type[T]) -> T:
        """Return an object of a type from this unit's container, in which AsyncSession is this unit's session.

        Raises:
            UnresolvableDependencyError: the container cannot build it.
        """
        return self._resolver.resolve(dependency)

    def record(self, event: EventOrBuilder, *more: EventOrBuilder) -> None:
        """Record events, or callables that build one after the next flush, in this order.

        Raises:
            NotAMessageError: something is no event.
            UnitOfWorkClosedError: the unit of work has ended, or is committing.
        """
        invocation = running_invocation()
        if invocation is None or invocation.sink is not self._queue:
            invocation = self._root or Invocation(self.name, self.name, self._queue)
        for content in (event, *more):
            invocation.record(content, self._recorder)

    def before_commit(self, callback: Callback) -> None:
        """Run a callback after the events, before the commit; its errors roll back, and it may record and write."""
        self._add(self._before_commit, callback)

    def after_commit(self, callback: Callback) -> None:
        """Run a callback once after the commit, never after a rollback; its errors are logged."""
        self._add(self._after_commit, callback)

    def after_rollback(self, callback: Callback) -> None:
        """Run a callback after everything was rolled back; its errors are logged. One made in a savepoint runs too."""
        self._add(self._after_rollback, callback)

    def join(self, name: str) -> Joined:
        """Return a context manager for work that shares this unit of work, whose failure rolls all of it back."""
        return Joined(self, self._joinings, name)

    async def __aenter__(self) -> Self:
        if self._fence.state is not State.NEW:
            raise UnitOfWorkClosedError("`async with` on it a second time", self._fence.state)
        self._fence.state = State.OPEN
        self._root = Invocation(self.name, self.name, self._queue).__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._root is not None
        try:
            if error is not None:
                await self._fail(error)
                return
            try:
                await self._settle()
            except BaseException as failure:
                await self._fail(failure)
                raise
            await shielded(self._commit(), f"commit of {self.name}")
        finally:
            self._root.__exit__(None, None, None)

    async def _settle(self) -> None:
        """Steps 4 to 7 of a send, up to the commit."""
        await self._drain()
        while await self._before_commit.run():
            await self._drain()
        self._queue.check_attached()
        self._fence.state = State.COMMITTING  # from here on nobody else's statement begins
        if self._joinings.running:
            raise SessionOwnershipError("The commit", self._joinings.running[0])
        if not await self._fence.idle(self._limit):
            raise SessionOwnershipError("The commit", self._fence.running)
        doom = self._fence.doom or self._joinings.failure
        if doom is not None:
            raise doom
        if self.channel is not None:
            await self._session.run_sync(write_last, self.channel.write)

    async def _drain(self) -> None:
        if self._pipeline is not None:
            await self._pipeline.drain(self._queue)
        elif lost := await self._queue.next_generation():
            raise UnprocessedEventsError([record.content for record in lost])

    async def _commit(self) -> None:
        try:
            await commit(self._session, self._fence, self._limit)
        except BaseException as error:
            await self._roll_back(error)
            raise
        self._fence.state = State.ENDED
        await self._after_commit.run_all(self._limit)

    async def _fail(self, error: BaseException) -> None:
        await shielded(self._roll_back(error), f"rollback of {self.name}")

    async def _roll_back(self, error: BaseException) -> None:
        self._fence.state = State.ENDED
        await roll_back(self._session, self._fence, self._limit)
        if isinstance(error, CommitOutcomeUnknownError) or self._fence.escaped:
            return
        self._queue.return_all()
        annotate(error, self._queue.failure, self.name)
        await self._after_rollback.run_all(self._limit, of_undone=True)

    def _add(self, callbacks: Callbacks, callback: Callback) -> None:
        self._fence.check_open("A callback")
        if not callable(callback):
            raise InvalidArgumentError("callback", f"a callable without parameters, and is {callback!r}")
        callbacks.add(callback, self._inner.savepoints.current)
