"""G1, G2, G4: all or none, and the answer only after the commit."""

import asyncio
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.conftest import App
from tests.integration.messages import Do, Followed, Happened, Inner, Told
from tests.integration.waiting import a_backend_waits, a_check_that_waits
from tests.models import Attendance, Meeting, Note
from tests.postgres.admin import Admin, assert_pool_clean
from uow_events import CommitOutcomeUnknownError, EventHandler, UnitOfWork


class Boom(Exception):
    pass


def chain(app: App, *, fail_in: str | None) -> None:
    """A command whose event is handled twice, with a follow-up and a notification; one of them may fail."""

    def maybe(place: str) -> None:
        if place == fail_in:
            raise Boom(place)

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="command"))
        unit.record(Happened("a"), Told("x"))
        maybe("command")
        return "answer"

    @app.registry.event_handler
    async def first(event: Happened, session: AsyncSession, unit: UnitOfWork) -> None:
        session.add(Note(text="first"))
        unit.record(Followed("b"))
        maybe("first")

    @app.registry.event_handler
    async def second(event: Happened, session: AsyncSession) -> None:
        session.add(Note(text="second"))
        maybe("second")

    @app.registry.event_handler
    async def third(event: Followed, session: AsyncSession, unit: UnitOfWork) -> None:
        session.add(Note(text="third"))
        unit.record(Told("y"))
        maybe("third")

    app.bodies[Do] = body


async def test_everything_is_stored_when_nothing_fails(app: App) -> None:
    chain(app, fail_in=None)
    assert await app.mediator.send(Do()) == "answer"
    assert await app.notes() == ["command", "first", "second", "third"]
    assert await app.outbox() == ["x", "y"]


@pytest.mark.parametrize("place", ["command", "first", "second", "third"])
async def test_nothing_is_stored_when_any_handler_fails(app: App, place: str) -> None:
    chain(app, fail_in=place)
    with pytest.raises(Boom, match=place) as raised:
        await app.mediator.send(Do())
    await app.assert_nothing_stored()
    assert len(raised.value.__notes__) == 1
    assert raised.value.__notes__[0].startswith("uow_events: ")
    assert raised.value.__notes__[0].endswith(" failed; everything was rolled back")


async def test_the_note_names_command_event_and_handler(app: App) -> None:
    chain(app, fail_in="third")
    with pytest.raises(Boom) as raised:
        await app.mediator.send(Do())
    assert raised.value.__notes__ == [
        "uow_events: third, handling Do -> Happened -> Followed, failed; everything was rolled back"
    ]


async def test_the_exception_that_leaves_is_the_handlers_own_object(app: App) -> None:
    error = Boom("mine")

    async def body(unit: UnitOfWork) -> object:
        raise error

    with pytest.raises(Boom) as raised:
        await app.run(body)
    assert raised.value is error
    assert error.__cause__ is None


async def test_an_exception_that_takes_no_note_still_leaves_as_it_is(app: App) -> None:
    class Frozen(Exception):
        def add_note(self, note: str) -> None:
            raise AttributeError("frozen")

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="x"))
        raise Frozen

    with pytest.raises(Frozen):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_the_answer_comes_after_the_commit(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="stored"))
        return "answer"

    assert await app.run(body) == "answer"
    assert await app.notes() == ["stored"]


async def test_all_handlers_of_one_send_share_session_and_transaction(app: App) -> None:
    seen: list[tuple[AsyncSession, int]] = []

    async def look(session: AsyncSession) -> None:
        seen.append((session, await session.scalar(text("SELECT txid_current()")) or 0))

    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened())
        await look(unit.session)
        return None

    @app.registry.event_handler
    class Hears(EventHandler[Happened]):
        def __init__(self, session: AsyncSession) -> None:
            self.session = session

        async def handle(self, event: Happened) -> None:
            await look(self.session)
            self.record(Followed())

    @app.registry.event_handler
    async def follows(event: Followed, session: AsyncSession) -> None:
        await look(session)

    await app.run(body)
    assert len(seen) == 3
    assert len(set(seen)) == 1


@pytest.mark.parametrize("level", range(7))
async def test_cancellation_at_any_await_rolls_back(app: App, level: int) -> None:
    """Each await of the pipeline in turn is where the cancellation arrives."""
    reached = asyncio.Event()
    never = asyncio.Event()
    steps = 0

    async def step() -> None:
        nonlocal steps
        if steps == level:
            reached.set()
            await never.wait()
        steps += 1

    async def body(unit: UnitOfWork) -> object:
        await step()
        unit.session.add(Note(text="command"))
        unit.record(Happened(), Told("x"))
        unit.before_commit(step)
        await unit.session.flush()
        await step()
        return None

    @app.registry.event_handler
    async def hears(event: Happened, session: AsyncSession, unit: UnitOfWork) -> None:
        await step()
        session.add(Note(text="event"))
        unit.record(Followed())
        await step()

    @app.registry.event_handler
    async def follows(event: Followed, session: AsyncSession) -> None:
        await session.execute(text("SELECT 1"))
        await step()

    app.bodies[Do] = body
    task = asyncio.create_task(app.mediator.send(Do()))
    if level < 6:
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await app.assert_nothing_stored()
    else:
        await task
        assert steps == 6
        assert await app.notes() == ["command", "event"]


async def test_cancellation_during_a_statement_rolls_back(app: App, admin: Admin) -> None:
    blocker = await app.engine.connect()
    await blocker.execute(text("LOCK TABLE note IN ACCESS EXCLUSIVE MODE"))

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Meeting(seats=1))
        await unit.session.flush()
        unit.session.add(Note(text="waits"))
        await unit.session.flush()
        return None

    task = asyncio.create_task(app.run(body))
    await a_backend_waits(admin, app)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await blocker.rollback()
    await blocker.close()
    await app.assert_nothing_stored()
    async with app.engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(Meeting)) == 0


async def test_cancellation_while_committing_commits_and_is_raised_then(app: App, admin: Admin) -> None:
    """A deferred unique check waits for another transaction in the middle of COMMIT (trap 12)."""
    meeting, other = await a_check_that_waits(app)

    after: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Attendance(meeting_id=meeting.id, who="me"))
        unit.after_commit(lambda: after.append("commit"))
        return None

    task = asyncio.create_task(app.run(body))
    await a_backend_waits(admin, app)
    task.cancel()
    task.cancel()
    await other.rollback()
    await other.close()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert after == ["commit"]
    async with app.engine.connect() as connection:
        assert await connection.scalar(select(Attendance.who)) == "me"
    await assert_pool_clean(app.engine)


async def test_a_deferred_constraint_fails_at_commit_and_leaves_nothing(app: App) -> None:
    """Trap 34: passes savepoints and the pipeline, and is a known outcome."""
    async with app.mediator.unit_of_work() as unit:
        meeting = Meeting(seats=2)
        unit.session.add(meeting)
    rolled_back: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        unit.after_rollback(lambda: rolled_back.append("yes"))
        unit.after_commit(lambda: rolled_back.append("no"))
        async with unit.session.begin_nested():
            unit.session.add_all([Attendance(meeting_id=meeting.id, who="me") for _ in range(2)])
        unit.record(Told("x"))
        return None

    with pytest.raises(IntegrityError) as raised:
        await app.run(body)
    assert raised.value.__notes__ == ["uow_events: Do failed; everything was rolled back"]
    assert rolled_back == ["yes"]
    await app.assert_nothing_stored()
    async with app.engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(Attendance)) == 0


async def test_a_killed_backend_leaves_nothing_and_a_clean_pool(app: App, admin: Admin) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        await admin.kill(await unit.session.scalar(text("SELECT pg_backend_pid()")) or 0)
        unit.session.add(Note(text="never"))
        await unit.session.flush()
        return None

    with pytest.raises(DBAPIError):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_a_backend_killed_during_commit_leaves_an_unknown_outcome(app: App, admin: Admin) -> None:
    meeting, other = await a_check_that_waits(app)
    pids: list[int] = []
    rolled_back: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        pids.append(await unit.session.scalar(text("SELECT pg_backend_pid()")) or 0)
        unit.session.add(Attendance(meeting_id=meeting.id, who="me"))
        unit.after_rollback(lambda: rolled_back.append("yes"))
        return None

    task = asyncio.create_task(app.run(body))
    await a_backend_waits(admin, app)
    await admin.kill(pids[0])
    with pytest.raises(CommitOutcomeUnknownError) as raised:
        await task
    assert str(raised.value) == (
        "The outcome of the commit is unknown: the connection was lost. "
        "Look at the data before sending the command again"
    )
    assert raised.value.__cause__ is not None
    assert not hasattr(raised.value, "__notes__")
    assert rolled_back == []
    await other.rollback()
    await other.close()
    await assert_pool_clean(app.engine)


async def test_a_process_killed_during_commit_stores_all_or_nothing(app: App, admin: Admin) -> None:
    """Its COMMIT waits, with the outbox row written, for a deferred check; the server ends it without a client."""
    meeting, other = await a_check_that_waits(app)
    url = app.engine.url.render_as_string(hide_password=False)
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.killed_program", url, str(meeting.id)), cwd=Path(__file__).parents[2]
    )
    await a_backend_waits(admin, app)
    program.kill()
    await program.wait()
    await other.commit()
    await other.close()
    await assert_pool_clean(app.engine)
    assert (await app.notes(), await app.outbox()) == ([], [])


async def test_fifty_concurrent_sends_for_the_last_seat(app: App) -> None:
    class MeetingFull(Exception):
        pass

    async with app.mediator.unit_of_work() as unit:
        meeting = Meeting(id=uuid4(), seats=1)
        unit.session.add(meeting)

    async def body(unit: UnitOfWork) -> object:
        found = await unit.session.get_one(Meeting, meeting.id, with_for_update=True)
        if not found.seats:
            raise MeetingFull
        found.seats -= 1
        found.record(Told("seat"))
        return found.seats

    app.bodies[Do] = body
    outcomes = await asyncio.gather(*[app.mediator.send(Do()) for _ in range(50)], return_exceptions=True)
    assert [outcome for outcome in outcomes if not isinstance(outcome, MeetingFull)] == [0]
    assert await app.outbox() == ["seat"]
    await assert_pool_clean(app.engine)


async def test_a_joined_send_shares_the_transaction(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="inner"))
        unit.record(Told("inner"))
        return "inner answer"

    async def body(unit: UnitOfWork) -> object:
        answer = await app.mediator.send(Inner())
        unit.session.add(Note(text="outer"))
        unit.record(Told("outer"))
        return answer

    app.bodies[Inner] = inner
    assert await app.run(body) == "inner answer"
    assert await app.notes() == ["inner", "outer"]
    assert await app.outbox() == ["inner", "outer"]


async def test_a_failing_outer_handler_rolls_the_joined_send_back_too(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="inner"))
        return None

    async def body(unit: UnitOfWork) -> object:
        await app.mediator.send(Inner())
        raise Boom

    app.bodies[Inner] = inner
    with pytest.raises(Boom):
        await app.run(body)
    await app.assert_nothing_stored()
