"""How a unit of work ends: what comes before the commit, the commit, and what comes after it or a rollback."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from uow_events.errors import (
    CommitOutcomeUnknownError,
    EventStormError,
    SessionOwnershipError,
    UnprocessedEventsError,
    name_of,
)
from uow_events.messages import OpenChannel
from uow_events.unit_of_work.callbacks import Callback, Callbacks, run_logged
from uow_events.unit_of_work.commit_outcome import ByTransactionId, CommitLookup, commit_for_certain
from uow_events.unit_of_work.deadline import Deadline
from uow_events.unit_of_work.ending import check_active, roll_back, shielded, write_last
from uow_events.unit_of_work.failure_note import annotate, interrupted
from uow_events.unit_of_work.fence import Fence, State
from uow_events.unit_of_work.joining import Joinings
from uow_events.unit_of_work.pipeline import Pipeline
from uow_events.unit_of_work.record_queue import RecordQueue


@dataclass(kw_only=True, eq=False)
class Completion:
    """The exit of a unit of work's block: commits, or rolls back and lets the same exception pass."""

    name: str
    session: AsyncSession
    fence: Fence
    queue: RecordQueue
    deadline: Deadline
    channel: OpenChannel | None
    max_events: int
    limit: float
    pipeline: Pipeline | None
    close: Callback | None
    engine: AsyncEngine
    lookup: CommitLookup | None
    joinings: Joinings = field(default_factory=Joinings)
    before_commit: Callbacks = field(default_factory=lambda: Callbacks("before the commit"))
    after_commit: Callbacks = field(default_factory=lambda: Callbacks("after the commit"))
    after_rollback: Callbacks = field(default_factory=lambda: Callbacks("after the rollback"))

    async def finish(self, error: BaseException | None) -> None:
        """Take what left the block, and end the transaction accordingly."""
        if error is not None:
            await self._fail(error)
            return
        try:
            await self._settle()
            await self.deadline.check()
        except BaseException as failure:
            await self._fail(failure)
            raise
        self.deadline.hold()  # nothing is awaited since the check: a commit that begins is under no deadline
        try:
            await shielded(self._commit(), f"commit of {self.name}")
        except BaseException:
            self.deadline.release()
            raise

    async def _settle(self) -> None:
        """Steps 4 to 7 of a send, up to the commit."""
        await self._drain()
        while ran := await self.before_commit.run():
            self._count(ran)
            await self._drain()
        if self.fence.doom is None:  # which says more than the flush that failed after it
            check_active(self.session.sync_session)
        self.queue.check_attached()
        self.fence.state = State.COMMITTING  # from here on nobody else's statement begins
        if self.joinings.running:
            raise SessionOwnershipError("The commit", self.joinings.running[0])
        if not await self.fence.idle(self.limit):
            raise SessionOwnershipError("The commit", self.fence.running)
        doom = self.fence.doom or self.joinings.failure
        if doom is not None:
            raise doom
        if self.channel is not None:
            mark = await self.session.run_sync(write_last, self.channel.write)
            if mark is not None and self.lookup is None:
                self.lookup = ByTransactionId(mark)

    async def _drain(self) -> None:
        if self.pipeline is not None:
            await self.pipeline.drain(self.queue)
        elif lost := await self.queue.next_generation():
            raise UnprocessedEventsError([record.content for record in lost])

    def _count(self, callbacks: list[Callback]) -> None:
        self.queue.count += len(callbacks)
        if self.queue.count > self.max_events:
            raise EventStormError(self.max_events, [self.name, f"before_commit({name_of(callbacks[-1])})"])

    async def _commit(self) -> None:
        try:
            await commit_for_certain(self.session, self.fence, self.limit, self.engine, self.lookup)
        except BaseException as error:
            await self._roll_back(error)
            raise
        self.fence.state = State.ENDED
        if self.channel is not None:
            self.channel.committed()
        await self.after_commit.run_all(self.limit)
        await self._close()

    async def _fail(self, error: BaseException) -> None:
        self.deadline.hold()
        try:
            await shielded(self._roll_back(error), f"rollback of {self.name}")
        finally:
            self.deadline.release()

    async def _roll_back(self, error: BaseException) -> None:
        self.fence.state = State.ENDED
        if self.deadline.has_expired:
            self.deadline.running = interrupted(error, self.queue.failure, self.fence.interrupted, self.name)
        await roll_back(self.session, self.fence, self.limit)
        is_unknown = isinstance(error, CommitOutcomeUnknownError) and self.fence.commit_sent  # not that of another unit
        if not is_unknown and not self.fence.escaped:
            self.queue.return_all()
            annotate(error, self.queue.failure, self.name)
            await self.after_rollback.run_all(self.limit, of_undone=True)
        await self._close()

    async def _close(self) -> None:
        if self.close is not None:
            await run_logged(self.close, self.limit, "at the end")
