"""What was recorded in one unit of work and has not been processed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import object_session
from sqlalchemy.orm.exc import UnmappedInstanceError

from uow_events.errors import UnattachedAggregateError, UnitOfWorkClosedError
from uow_events.messages import Invocation, Record, Turn, Undoable, running_invocation
from uow_events.unit_of_work.aggregate import AggregateRoot, give_back, take_kept
from uow_events.unit_of_work.fence import Fence, State
from uow_events.unit_of_work.session import FencedSession

if TYPE_CHECKING:
    from uow_events.unit_of_work.unit_of_work import UnitOfWork


class RecordQueue:
    """One queue, in the order of the calls; holds records strongly, each with the savepoint it was made in."""

    def __init__(self, fence: Fence, unit: UnitOfWork) -> None:
        self.unit = unit
        self.count = 0
        self.failure: tuple[BaseException, Invocation] | None = None
        self._fence = fence
        self._session: AsyncSession
        self._inner: FencedSession
        self._waiting: list[Record] = []
        self._by_aggregates: list[Record] = []
        self._came_along: list[Record] = []
        self._merged: dict[int, object] = {}

    def serve(self, session: AsyncSession, inner: FencedSession) -> None:
        """Say which session the records belong to."""
        self._session, self._inner = session, inner

    @property
    def is_open(self) -> bool:
        """Whether the unit of work still takes records."""
        return self._fence.state is State.OPEN

    def take(self, record: Record) -> None:
        """Keep a record.

        Raises:
            UnitOfWorkClosedError: the unit of work has ended, is committing, or has undone what this is a part of.
        """
        if not self.is_open:
            raise UnitOfWorkClosedError("record()", self._fence.state)
        self._fence.check_state("record()")
        record.savepoint = self.surrounding_savepoint
        self._waiting.append(record)
        if isinstance(record.recorder, AggregateRoot):
            self._by_aggregates.append(record)

    @property
    def turn(self) -> Turn:
        """Whose turn on the session it is, while event handlers run concurrently."""
        return self._fence.turn

    @property
    def surrounding_savepoint(self) -> Undoable | None:
        """What undoes what the caller does now: the session's savepoint; that of others is none of a caller's."""
        invocation = running_invocation()
        savepoint = self._inner.savepoints.around(invocation)
        if not self.turn.is_shared:
            return savepoint
        scope = invocation.nearest_scope(self) if invocation is not None else None
        return (savepoint or scope) if self.turn.is_held_by(invocation) else scope

    def failed(self, error: BaseException, invocation: Invocation) -> None:
        """Keep who failed first with an exception, for its note."""
        if self.failure is None or self.failure[0] is not error:
            self.failure = (error, invocation)

    async def next_generation(self) -> list[Record]:
        """Flush, and hand over what was recorded since the last call, built, in order; empty when all is done.

        Raises:
            NotAMessageError: a recorded callable returned no event.
        """
        await self.flush()
        taken, self._waiting = [record for record in self._waiting if not record.is_undone], []
        await self.build(taken)
        self.count += len(taken)
        return taken

    def recorded_in(self, invocation: Invocation) -> list[Record]:
        """Hand over, as it is, what an invocation and those made in it recorded since the last call, in order."""
        waiting, self._waiting = self._waiting, []
        taken: list[Record] = []
        for record in waiting:
            is_within = record.invocation is not None and record.invocation.is_within(invocation)
            (taken if is_within else self._waiting).append(record)
        taken = [record for record in taken if not record.is_undone]
        self.count += len(taken)
        return taken

    async def build(self, records: list[Record]) -> None:
        """Call those recorded callables that build an event, in the session's greenlet.

        Raises:
            NotAMessageError: one returned no event.
        """
        if not all(record.is_built for record in records):
            await self._session.run_sync(lambda _: [record.build() for record in records])

    async def flush(self) -> None:
        """Send pending changes, where there are any."""
        if self._inner.new or self._inner.dirty or self._inner.deleted:
            await self._session.flush()

    def check_attached(self) -> None:
        """Make sure that the state of every aggregate that recorded is part of the transaction.

        Raises:
            UnattachedAggregateError: one was never added, or belongs elsewhere, or is not mapped.
        """
        for record in self._by_aggregates:
            if record.is_undone or id(record.recorder) in self._merged:
                continue
            problem = self._why_unattached(record.recorder)
            if problem:
                raise UnattachedAggregateError(record.recorder, problem)

    def attached(self, instance: object) -> None:
        """Take what an object recorded before it came into the session."""
        for record in take_kept(instance):
            record.invocation = running_invocation()
            self._came_along.append(record)
            self.take(record)

    def merged(self, instance: object) -> None:
        """Take what a merged object, or one merged along with it, recorded before."""
        for source in (instance, *_merged_along(instance)):
            self._merged[id(source)] = source
            self.attached(source)

    def undone(self) -> None:
        """Return records to the objects they came with, where a savepoint took the objects out again."""
        self._return([record for record in self._came_along if record.is_undone])

    def return_all(self) -> None:
        """Return all records to the objects they came with, since everything was rolled back."""
        self._return(list(self._came_along))

    def _return(self, records: list[Record]) -> None:
        for kept in (self._came_along, self._waiting, self._by_aggregates):
            kept[:] = [record for record in kept if record not in records]
        for record in records:
            give_back(record)

    def _why_unattached(self, aggregate: object) -> str | None:
        try:
            session = object_session(aggregate)
        except UnmappedInstanceError:
            return "its class is not mapped, so that no session stores it"
        if session is self._inner:
            return None
        if session is not None:
            return "it belongs to another session"
        return "it was taken out of the session again" if inspect(aggregate).detached else "it was never added"


def _merged_along(instance: object) -> list[object]:
    state = inspect(instance)
    return [along[0] for along in state.mapper.cascade_iterator("merge", state)]
