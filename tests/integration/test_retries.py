"""G8: the whole command runs again in a fresh unit of work, and nothing of a failed attempt survives."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from tests.integration.attempts import Commands
from tests.integration.conftest import App
from tests.integration.messages import Happened, Told
from tests.models import Meeting, Note
from tests.postgres.admin import Admin
from uow_events import RetryPolicy, TransactionAbortedError, UnitOfWork

AT_ONCE = timedelta(0)
POLICY = RetryPolicy(initial_wait=AT_ONCE, jitter=AT_ONCE)
COUNT = select(func.count()).select_from(Note)


def commands(app: App, **options: Any) -> Commands:
    return Commands(app.engine, **{"retry": POLICY, **options})


async def somebody_else_counts_and_writes(app: App, note: str) -> None:
    serializable = app.engine.execution_options(isolation_level="SERIALIZABLE")
    async with serializable.begin() as connection:
        await connection.scalar(COUNT)
        await connection.execute(text("INSERT INTO note (text) VALUES (:note)"), {"note": note})


async def test_a_serialization_failure_runs_the_whole_command_again(app: App) -> None:
    sender = commands(app, isolation_level="SERIALIZABLE")
    ran: list[str] = []

    @sender.registry.event_handler
    async def hears(event: Happened, unit: UnitOfWork) -> None:
        unit.record(Told("me"))
        if len(sender.units) == 1:
            await somebody_else_counts_and_writes(app, "theirs")
        unit.session.add(Note(text=event.name))

    async def body(unit: UnitOfWork) -> int:
        number = len(sender.units)
        unit.after_rollback(lambda: ran.append(f"rollback {number}"))
        unit.after_commit(lambda: ran.append(f"commit {number}"))
        unit.record(Happened(f"mine {number}"))
        count: int = await unit.session.scalar(COUNT)
        return count

    assert await sender.run(body) == 1
    assert await app.notes() == ["theirs", "mine 2"]
    assert await app.outbox() == ["me"]
    assert ran == ["rollback 1", "commit 2"]
    first, second = sender.units
    assert first.session is not second.session
    assert first.context.message_id == second.context.message_id
    assert (first.context.attempt, second.context.attempt) == (1, 2)


async def test_a_serialization_failure_at_the_commit_is_one_too(app: App) -> None:
    sender = commands(app, isolation_level="SERIALIZABLE")
    ran: list[str] = []

    async def body(unit: UnitOfWork) -> None:
        number = len(sender.units)
        await unit.session.scalar(COUNT)
        unit.session.add(Note(text=f"mine {number}"))
        await unit.session.flush()
        unit.after_rollback(lambda: ran.append(f"rollback {number}"))
        if number == 1:
            await somebody_else_counts_and_writes(app, "theirs")

    await sender.run(body)
    assert sorted(await app.notes()) == ["mine 2", "theirs"]
    assert ran == ["rollback 1"]


async def test_one_of_two_commands_in_a_deadlock_runs_again(app: App) -> None:
    sender = commands(app, settings={"deadlock_timeout": "1ms"})
    both = asyncio.Barrier(2)
    async with app.mediator.unit_of_work() as unit:
        meetings = [Meeting(seats=9), Meeting(seats=9)]
        unit.session.add_all(meetings)
    ids = [meeting.id for meeting in meetings]

    def joins(first: Any, second: Any) -> Any:
        async def body(unit: UnitOfWork) -> None:
            for id, waits in ((first, True), (second, False)):
                meeting = await unit.session.get_one(Meeting, id, with_for_update=True)
                meeting.seats -= 1
                if waits and len(sender.units) == 2:
                    await both.wait()

        return body

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(sender.run(joins(*ids)))
        group.create_task(sender.run(joins(*ids[::-1])))
    assert len(sender.units) == 3
    async with app.engine.connect() as connection:
        assert list(await connection.scalars(select(Meeting.seats))) == [7, 7]


async def test_a_lock_that_was_not_available_in_time_is_tried_again(app: App) -> None:
    sender = commands(app, lock_timeout=timedelta(milliseconds=1))
    other = await app.engine.connect()
    await other.execute(text("LOCK TABLE note"))

    async def body(unit: UnitOfWork) -> None:
        unit.after_rollback(other.close)
        unit.session.add(Note(text="mine"))

    await sender.run(body)
    assert await app.notes() == ["mine"]
    assert len(sender.units) == 2


async def test_a_connection_lost_in_the_middle_gives_another_attempt_on_another(app: App, admin: Admin) -> None:
    sender = commands(app)

    async def body(unit: UnitOfWork) -> None:
        unit.session.add(Note(text=f"mine {len(sender.units)}"))
        await unit.session.flush()
        if len(sender.units) == 1:
            await admin.kill(await unit.session.scalar(text("SELECT pg_backend_pid()")))
        await unit.session.execute(text("SELECT 1"))

    await sender.run(body)
    assert await app.notes() == ["mine 2"]


async def test_a_connection_lost_unnoticed_before_the_commit_does_so_too(app: App, admin: Admin) -> None:
    sender = commands(app)
    drivers: list[Any] = []

    def taken(connection: Any, record: Any, proxy: Any) -> None:
        drivers.append(connection.driver_connection)

    event.listen(app.engine.sync_engine.pool, "checkout", taken)

    async def body(unit: UnitOfWork) -> None:
        unit.session.add(Note(text=f"mine {len(sender.units)}"))
        await unit.session.flush()
        if len(sender.units) == 1:
            driver = drivers[-1]
            await admin.kill(await unit.session.scalar(text("SELECT pg_backend_pid()")))
            async with asyncio.timeout(20):
                while not driver.is_closed():
                    await asyncio.sleep(0)

    await sender.run(body)
    assert await app.notes() == ["mine 2"]
    assert len(sender.units) == 2


async def test_a_row_that_changed_meanwhile_gives_another_attempt(app: App) -> None:
    sender = commands(app)
    async with app.mediator.unit_of_work() as unit:
        meeting = Meeting(seats=9)
        unit.session.add(meeting)

    async def body(unit: UnitOfWork) -> str:
        mine = await unit.session.get(Meeting, meeting.id)
        if mine is None:
            return "gone"
        async with app.engine.begin() as connection:
            await connection.execute(text("DELETE FROM meeting"))
        mine.seats -= 1
        return "joined"

    assert await sender.run(body) == "gone"


@pytest.mark.parametrize("goes_on", [False, True])
async def test_a_row_that_changed_meanwhile_does_so_also_where_that_is_swallowed(app: App, goes_on: bool) -> None:
    sender = commands(app)
    async with app.mediator.unit_of_work() as unit:
        meeting = Meeting(seats=9)
        unit.session.add(meeting)

    async def body(unit: UnitOfWork) -> str:
        mine = await unit.session.get(Meeting, meeting.id)
        if mine is None:
            return "gone"
        async with app.engine.begin() as connection:
            await connection.execute(text("DELETE FROM meeting"))
        mine.seats -= 1
        with suppress(StaleDataError):
            await unit.session.flush()
        if goes_on:
            await unit.session.execute(text("SELECT 1"))
        return "joined"

    assert await sender.run(body) == "gone"
    assert len(sender.units) == 2


async def test_a_swallowed_conflict_is_noticed_before_the_commit_and_repeated(app: App) -> None:
    sender = commands(app, lock_timeout=timedelta(milliseconds=1))
    other = await app.engine.connect()
    await other.execute(text("LOCK TABLE note"))

    async def body(unit: UnitOfWork) -> str:
        unit.after_rollback(other.close)
        try:
            await unit.session.scalar(COUNT)
        except DBAPIError:
            return "swallowed"
        return "counted"

    assert await sender.run(body) == "counted"
    assert len(sender.units) == 2


async def counts_and_goes_on(unit: UnitOfWork) -> None:
    with suppress(DBAPIError):
        await unit.session.scalar(COUNT)
    await unit.session.execute(text("SELECT 1"))


async def flushes_and_goes_on(unit: UnitOfWork) -> None:
    unit.session.add(Note(text="mine"))
    with suppress(DBAPIError):
        await unit.session.flush()
    await unit.session.execute(text("SELECT 1"))


async def flushes_and_opens_a_savepoint(unit: UnitOfWork) -> None:
    unit.session.add(Note(text="mine"))
    with suppress(DBAPIError):
        await unit.session.flush()
    async with unit.session.begin_nested():
        pass


async def goes_on_within_a_savepoint(unit: UnitOfWork) -> None:
    async with unit.session.begin_nested():
        await counts_and_goes_on(unit)


async def goes_on_in_a_joined_block(unit: UnitOfWork) -> None:
    with suppress(DBAPIError):
        async with unit.join("A joined block"):
            await counts_and_goes_on(unit)


GOING_ON = [
    counts_and_goes_on,
    flushes_and_goes_on,
    flushes_and_opens_a_savepoint,
    goes_on_within_a_savepoint,
    goes_on_in_a_joined_block,
]


@pytest.mark.parametrize("goes_on", GOING_ON)
async def test_a_swallowed_conflict_is_known_from_what_was_refused_after_it(app: App, goes_on: Any) -> None:
    sender = commands(app, lock_timeout=timedelta(milliseconds=1))
    other = await app.engine.connect()
    await other.execute(text("LOCK TABLE note"))

    async def body(unit: UnitOfWork) -> str:
        unit.after_rollback(other.close)
        await goes_on(unit)
        return "went on"

    assert await sender.run(body) == "went on"
    assert len(sender.units) == 2


async def test_another_error_before_a_refused_statement_brings_no_attempt(app: App) -> None:
    sender = commands(app)

    async def body(unit: UnitOfWork) -> None:
        with suppress(DBAPIError):
            await unit.session.execute(text("SELECT 1 / 0"))
        await unit.session.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError, match="current transaction is aborted"):
        await sender.run(body)
    assert len(sender.units) == 1


async def test_the_refused_statement_leaves_as_the_same_error_after_all_attempts(app: App) -> None:
    sender = commands(app, lock_timeout=timedelta(milliseconds=1))
    other = await app.engine.connect()
    await other.execute(text("LOCK TABLE note"))
    refused: list[DBAPIError] = []

    async def body(unit: UnitOfWork) -> None:
        try:
            await counts_and_goes_on(unit)
        except DBAPIError as error:
            refused.append(error)
            raise

    with pytest.raises(DBAPIError, match="current transaction is aborted") as raised:
        await sender.run(body)
    await other.close()
    assert raised.value is refused[-1]
    assert len(sender.units) == 3


async def test_the_last_error_leaves_with_both_its_notes_after_all_attempts(app: App) -> None:
    sender = commands(app, lock_timeout=timedelta(milliseconds=1))
    other = await app.engine.connect()
    await other.execute(text("LOCK TABLE note"))

    async def body(unit: UnitOfWork) -> None:
        try:
            await unit.session.scalar(COUNT)
        except DBAPIError:
            return

    with pytest.raises(TransactionAbortedError) as raised:
        await sender.run(body)
    await other.close()
    assert raised.value.__notes__ == [
        "uow_events: Do failed; everything was rolled back",
        "uow_events: Do was given up after 3 attempts",
    ]
    assert len(sender.units) == 3


async def test_without_a_policy_a_command_runs_once(app: App) -> None:
    sender = commands(app, retry=None)

    async def body(unit: UnitOfWork) -> None:
        raise StaleDataError

    with pytest.raises(StaleDataError):
        await sender.run(body)
    assert len(sender.units) == 1
