"""G9: a COMMIT that got no answer is looked up, by the idempotency key or by the transaction's id."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tests.integration.conftest import App
from tests.integration.idempotent import Pay, Receipt, keys, send
from tests.integration.messages import Told
from tests.integration.waiting import a_backend_waits, a_check_that_waits
from tests.models import Attendance, Meeting, Note
from tests.postgres.admin import Admin
from tests.postgres.cut import Cut, cut_at_commit
from uow_events import (
    CommitOutcomeUnknownError,
    CommitRolledBackError,
    MessageContext,
    Outbox,
    Record,
    TransactionMark,
    UnitOfWork,
)
from uow_events.mediator.idempotency import IdempotencyGuard
from uow_events.unit_of_work.commit_outcome import ByTransactionId, CommitLookup, Outcome, commit_for_certain
from uow_events.unit_of_work.ending import write_last

LIMIT = 20.0
Prepare = Callable[[UnitOfWork], Awaitable[CommitLookup]]
RECEIPT = Receipt(uuid4(), 1)


async def by_key(unit: UnitOfWork) -> CommitLookup:
    guard = IdempotencyGuard("k", Pay())
    await guard.claim(unit.session)
    await guard.keep(unit.session, RECEIPT)
    return guard


async def by_id(unit: UnitOfWork) -> CommitLookup:
    return ByTransactionId(await marked(unit))


async def marked(unit: UnitOfWork) -> TransactionMark:
    batch = Outbox().open(MessageContext())
    await batch.publish(Record(Told("x"), None))
    mark = await unit.session.run_sync(write_last, batch.write)
    assert mark is not None
    return mark


ways = pytest.mark.parametrize("prepare", [by_key, by_id])


class Pid:
    """The backend whose COMMIT is lost."""

    pid = 0


async def commit(
    engine: AsyncEngine,
    prepare: Prepare,
    *,
    meeting: Meeting | None = None,
    look_with: AsyncEngine,
    pid: Pid | None = None,
) -> None:
    """Store a note and, where it is given, attend a meeting, so that COMMIT waits; end as a unit of work will."""
    async with UnitOfWork(engine) as unit:
        lookup = await prepare(unit)
        if pid is not None:
            pid.pid = await unit.session.scalar(text("SELECT pg_backend_pid()")) or 0
        unit.session.add(Note(text="stored"))
        if meeting is not None:
            unit.session.add(Attendance(meeting_id=meeting.id, who="me"))
        await unit.session.flush()
        inner: Any = unit.session.sync_session
        await commit_for_certain(unit.session, inner.fence, LIMIT, look_with, lookup)


@pytest.fixture(params=[Cut.REQUEST, Cut.ANSWER, Cut.WAIT])
async def cut_engine(app: App, request: pytest.FixtureRequest) -> AsyncIterator[tuple[AsyncEngine, Cut]]:
    async with cut_at_commit(app.engine.url, request.param) as url:
        engine = create_async_engine(url)
        yield engine, request.param
        await engine.dispose()


@ways
async def test_a_lost_connection_at_commit_is_no_doubt(
    app: App, admin: Admin, cut_engine: tuple[AsyncEngine, Cut], prepare: Prepare
) -> None:
    engine, cut = cut_engine
    meeting, other = await a_check_that_waits(app)
    outcome = asyncio.create_task(
        commit(engine, prepare, meeting=meeting if cut is Cut.WAIT else None, look_with=app.engine)
    )
    if cut is Cut.WAIT:
        await a_backend_waits(admin, app)
        if prepare is by_key:
            await two_backends_wait(admin, app)
    await other.rollback()
    await other.close()
    if cut is Cut.REQUEST:
        with pytest.raises(CommitRolledBackError, match="the connection was lost, and the server rolled it back"):
            await outcome
    else:
        await outcome
    assert await app.notes() == ([] if cut is Cut.REQUEST else ["stored"])


async def two_backends_wait(admin: Admin, app: App) -> None:
    """The one that commits, and the one that looks by inserting the key, where a SELECT would have seen nothing."""
    async with asyncio.timeout(20):
        while (
            await admin.scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND wait_event_type = 'Lock'",
                name=app.engine.url.database,
            )
            < 2
        ):
            await asyncio.sleep(0)


@ways
async def test_a_backend_killed_at_commit_has_rolled_back(app: App, admin: Admin, prepare: Prepare) -> None:
    meeting, other = await a_check_that_waits(app)
    pid = Pid()
    outcome = asyncio.create_task(commit(app.engine, prepare, meeting=meeting, look_with=app.engine, pid=pid))
    await a_backend_waits(admin, app)
    await admin.kill(pid.pid)
    with pytest.raises(CommitRolledBackError) as raised:
        await outcome
    assert raised.value.__cause__ is not None and raised.value.is_connection_lost
    await other.rollback()
    await other.close()
    assert (await app.notes(), await keys(app.engine)) == ([], [])


async def test_a_twin_that_ran_after_the_rollback_is_not_taken_for_the_lost_commit(app: App, admin: Admin) -> None:
    meeting, other = await a_check_that_waits(app)
    pid = Pid()
    twin: list[asyncio.Task[object]] = []

    async def answer(unit: UnitOfWork) -> Receipt:
        return RECEIPT

    class AfterTheTwin(IdempotencyGuard):
        async def outcome(self, connection: AsyncConnection) -> Outcome:
            assert await twin[0] == RECEIPT
            return await super().outcome(connection)

    async def prepare(unit: UnitOfWork) -> CommitLookup:
        guard = AfterTheTwin("k", Pay())
        await guard.claim(unit.session)
        await guard.keep(unit.session, RECEIPT)
        twin.append(asyncio.create_task(send(app.engine, Pay(), "k", answer)))
        return guard

    lost = asyncio.create_task(commit(app.engine, prepare, meeting=meeting, look_with=app.engine, pid=pid))
    await two_backends_wait(admin, app)
    await admin.kill(pid.pid)
    with pytest.raises(CommitRolledBackError):
        await lost
    await other.rollback()
    await other.close()
    assert (await app.notes(), len(await keys(app.engine))) == ([], 1)


async def test_a_savepoint_left_open_does_not_hide_who_kept_the_response(app: App) -> None:
    async def prepare(unit: UnitOfWork) -> CommitLookup:
        guard = IdempotencyGuard("k", Pay())
        await guard.claim(unit.session)
        await unit.session.begin_nested()
        await guard.keep(unit.session, RECEIPT)
        return guard

    async with cut_at_commit(app.engine.url, Cut.ANSWER) as url:
        engine = create_async_engine(url)
        await commit(engine, prepare, look_with=app.engine)
        await engine.dispose()
    assert await app.notes() == ["stored"]


async def test_another_server_run_cannot_tell(app: App) -> None:
    async def prepare(unit: UnitOfWork) -> CommitLookup:
        return ByTransactionId(TransactionMark((await marked(unit)).xid, "another"))

    async with cut_at_commit(app.engine.url, Cut.ANSWER) as url:
        engine = create_async_engine(url)
        with pytest.raises(CommitOutcomeUnknownError) as raised:
            await commit(engine, prepare, look_with=app.engine)
        await engine.dispose()
    assert raised.value.reason == "the connection was lost"


async def test_a_commit_that_is_answered_is_not_looked_up(app: App) -> None:
    class Never:
        async def outcome(self, connection: AsyncConnection) -> Outcome:
            raise AssertionError

    async def prepare(unit: UnitOfWork) -> CommitLookup:
        return Never()

    await commit(app.engine, prepare, look_with=app.engine)
    assert await app.notes() == ["stored"]


async def test_the_lost_connection_is_given_up_before_another_one_is_taken(app: App) -> None:
    async with cut_at_commit(app.engine.url, Cut.ANSWER) as url:
        engine = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=LIMIT)
        await commit(engine, by_key, look_with=engine)
        await engine.dispose()
    assert await app.notes() == ["stored"]
