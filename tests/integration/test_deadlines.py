"""The timeout of a command: it rolls back whatever runs, and never ends a commit."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.integration.attempts import Clock, Commands
from tests.integration.attempts import clock as clock
from tests.integration.conftest import App
from tests.integration.messages import Happened, Told
from tests.integration.waiting import a_backend_waits, a_check_that_waits
from tests.models import Attendance, Note
from tests.postgres.admin import Admin
from uow_events import CommandTimeoutError, RetryPolicy, TransactionOptions, UnitOfWork

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def forever() -> None:
    await asyncio.Event().wait()


async def test_at_the_limit_a_wait_for_a_lock_ends_and_everything_rolls_back(
    app: App, admin: Admin, clock: Clock
) -> None:
    sender, ran = Commands(app.engine, timeout=HOUR), list[str]()
    other = await app.engine.connect()
    await other.execute(text("LOCK TABLE meeting"))

    async def body(unit: UnitOfWork) -> None:
        unit.after_rollback(lambda: ran.append("rollback"))
        unit.session.add(Note(text="lost"))
        unit.record(Told("lost"))
        await unit.session.flush()
        await unit.session.execute(text("SELECT 'a secret', id FROM meeting"))

    task = asyncio.create_task(sender.run(body))
    await a_backend_waits(admin, app)
    await clock.forward(HOUR)
    with pytest.raises(CommandTimeoutError) as raised:
        await task
    assert str(raised.value) == (
        "Do took longer than its timeout of 3600 s, and everything was rolled back. Running was Do (handle), in "
        "session.execute(): find out what that waited for, or raise TransactionOptions(timeout=...)"
    )
    assert ran == ["rollback"]
    await other.close()
    await app.assert_nothing_stored()


async def test_the_error_names_the_innermost_handler_and_the_way_to_it(app: App, clock: Clock) -> None:
    sender, reached = Commands(app.engine, timeout=HOUR), asyncio.Event()

    @sender.registry.event_handler
    async def hears(event: Happened) -> None:
        reached.set()
        await forever()

    async def body(unit: UnitOfWork) -> None:
        unit.session.add(Note(text="lost"))
        unit.record(Happened())

    task = asyncio.create_task(sender.run(body))
    await reached.wait()
    await clock.forward(HOUR)
    with pytest.raises(CommandTimeoutError) as raised:
        await task
    assert raised.value.running == "hears, handling Do -> Happened"
    await app.assert_nothing_stored()


async def test_a_handler_that_catches_the_cancellation_does_not_commit(app: App, clock: Clock) -> None:
    sender, reached = Commands(app.engine, timeout=HOUR), asyncio.Event()

    async def body(unit: UnitOfWork) -> str:
        unit.session.add(Note(text="lost"))
        reached.set()
        with suppress(asyncio.CancelledError):
            await forever()
        return "as if nothing had happened"

    task = asyncio.create_task(sender.run(body))
    await reached.wait()
    await clock.forward(HOUR)
    with pytest.raises(CommandTimeoutError):
        await task
    await app.assert_nothing_stored()


async def test_a_handler_that_gave_the_loop_no_time_does_not_commit(app: App, clock: Clock) -> None:
    sender = Commands(app.engine, timeout=HOUR)

    async def body(unit: UnitOfWork) -> None:
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        unit.before_commit(lambda: setattr(clock, "ahead", HOUR.total_seconds()))

    with pytest.raises(CommandTimeoutError) as raised:
        await sender.run(body)
    assert raised.value.running == "Do"
    await app.assert_nothing_stored()


async def test_a_commit_that_has_begun_is_not_ended_by_it(app: App, admin: Admin, clock: Clock) -> None:
    sender, ran = Commands(app.engine, timeout=HOUR), list[str]()
    meeting, other = await a_check_that_waits(app)

    async def body(unit: UnitOfWork) -> str:
        unit.after_commit(lambda: ran.append("commit"))
        unit.session.add(Attendance(meeting_id=meeting.id, who="me"))
        unit.session.add(Note(text="mine"))
        return "answer"

    task = asyncio.create_task(sender.run(body))
    await a_backend_waits(admin, app)
    await clock.forward(2 * HOUR)
    await other.rollback()
    assert await task == "answer"
    assert ran == ["commit"]
    assert await app.notes() == ["mine"]
    await other.close()


async def test_a_rollback_that_has_begun_keeps_its_own_error(app: App, clock: Clock) -> None:
    sender = Commands(app.engine, timeout=HOUR)

    async def body(unit: UnitOfWork) -> None:
        unit.session.add(Note(text="lost"))
        unit.after_rollback(lambda: clock.forward(2 * HOUR))
        raise KeyError

    with pytest.raises(KeyError):
        await sender.run(body)
    await app.assert_nothing_stored()


async def test_after_a_failed_attempt_the_clock_runs_on(app: App, clock: Clock) -> None:
    policy = RetryPolicy(on=KeyError, initial_wait=timedelta(0), jitter=timedelta(0))
    sender, reached = Commands(app.engine, timeout=HOUR, retry=policy), asyncio.Event()

    async def body(unit: UnitOfWork) -> None:
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        if len(sender.units) == 1:
            raise KeyError
        reached.set()
        await forever()

    task = asyncio.create_task(sender.run(body))
    await reached.wait()
    await clock.forward(HOUR)
    with pytest.raises(CommandTimeoutError):
        await task
    assert len(sender.units) == 2
    await app.assert_nothing_stored()


async def test_no_attempt_begins_when_the_time_is_over(app: App, clock: Clock) -> None:
    sender = Commands(app.engine, timeout=HOUR, retry=RetryPolicy(on=KeyError, attempts=9))

    async def body(unit: UnitOfWork) -> None:
        unit.after_rollback(lambda: clock.forward(2 * HOUR))
        raise KeyError

    with pytest.raises(KeyError):
        await sender.run(body)
    assert len(sender.units) == 1


async def test_a_cancellation_from_outside_stays_one_where_both_come(app: App, clock: Clock) -> None:
    sender, reached = Commands(app.engine, timeout=HOUR), asyncio.Event()

    async def body(unit: UnitOfWork) -> None:
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        reached.set()
        await forever()

    for advance in (0, 1):
        reached.clear()
        task = asyncio.create_task(sender.run(body))
        await reached.wait()
        clock.ahead += advance * HOUR.total_seconds()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await app.assert_nothing_stored()


async def test_a_unit_of_work_by_itself_has_the_timeout_of_its_options(app: App, clock: Clock) -> None:
    with pytest.raises(CommandTimeoutError) as raised:
        async with UnitOfWork(app.engine, transaction=TransactionOptions(timeout=HOUR), name="import") as unit:
            unit.session.add(Note(text="lost"))
            await unit.session.flush()
            await clock.forward(HOUR)
            await forever()
    assert (raised.value.command, raised.value.running) == ("import", "import")
    await app.assert_nothing_stored()
