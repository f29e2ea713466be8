"""Ways in which a guarantee was once broken; each has a guard of its own since."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from tests.integration.conftest import App
from tests.integration.messages import Do, Happened, Inner, Told
from tests.integration.waiting import a_backend_waits, a_check_that_waits
from tests.models import Attendance, Meeting, Note
from tests.postgres.admin import Admin, assert_pool_clean
from uow_events import (
    CommitOutcomeUnknownError,
    InvalidHeaderError,
    Mediator,
    Outbox,
    Registry,
    SessionOwnershipError,
    TransactionAbortedError,
    UnattachedAggregateError,
    UnitOfWork,
    UnitOfWorkClosedError,
)

DIVIDES_LATE = text("SELECT 1 / (5000 - g) FROM generate_series(1, 10000) AS g")


async def test_an_error_while_fetching_a_stream_is_seen(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        with suppress(Exception):
            async for _ in await unit.session.stream(DIVIDES_LATE):
                pass
        return "success"

    with pytest.raises(TransactionAbortedError):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_errors_of_other_connections_of_the_engine_are_their_own(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="kept"))
        await unit.session.flush()
        with suppress(DBAPIError):
            async with app.engine.connect() as connection:
                await connection.execute(text("SELECT 1 / 0"))
        assert (await unit.session.connection()).sync_connection.info == {}  # type: ignore[union-attr]
        return "success"

    assert await app.run(body) == "success"
    assert await app.notes() == ["kept"]


async def test_a_joined_send_left_running_fails_the_commit(app: App) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()
    left: list[asyncio.Task[object]] = []

    async def inner(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="half"))
        await unit.session.flush()
        unit.record(Told("half"))
        started.set()
        await go_on.wait()
        unit.session.add(Note(text="other half"))
        return None

    async def body(unit: UnitOfWork) -> object:
        left.append(asyncio.create_task(app.mediator.send(Inner())))
        await started.wait()
        return "success"

    app.bodies[Inner] = inner
    with pytest.raises(SessionOwnershipError) as raised:
        await app.run(body)
    assert str(raised.value).startswith(
        "The commit was called on a session while A joined send of Inner is still running"
    )
    go_on.set()
    with pytest.raises(UnitOfWorkClosedError):
        await left[0]
    await app.assert_nothing_stored()


async def test_rows_of_a_raw_connection_used_first_are_rolled_back(app: App) -> None:
    """COPY is what people take it for; SQLAlchemy would have begun no transaction yet."""

    async def body(unit: UnitOfWork) -> object:
        raw: Any = await (await unit.session.connection()).get_raw_connection()
        await raw.driver_connection.copy_records_to_table("note", records=[("copied",)], columns=["text"])
        if unit.context.headers.get("fail"):
            raise KeyError
        return None

    app.bodies[Do] = body
    with pytest.raises(KeyError):
        await app.mediator.send(Do(), headers={"fail": "yes"})
    await app.assert_nothing_stored()
    await app.mediator.send(Do())
    assert await app.notes() == ["copied"]


async def ended_and_begun_anew(unit: UnitOfWork, driver: Any) -> None:
    await driver.execute("ROLLBACK; BEGIN")


async def ended_then_written(unit: UnitOfWork, driver: Any) -> None:
    await driver.execute("ROLLBACK")
    unit.session.add(Note(text="one"))
    await unit.session.flush()


@pytest.mark.parametrize("escape", [ended_and_begun_anew, ended_then_written])
async def test_a_transaction_ended_on_the_raw_connection_is_no_success(app: App, escape: Any) -> None:
    ran: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        raw: Any = await (await unit.session.connection()).get_raw_connection()
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        unit.after_rollback(lambda: ran.append("never"))
        with suppress(TransactionAbortedError):
            await escape(unit, raw.driver_connection)
        return "success"

    with pytest.raises(TransactionAbortedError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        "There was no commit: the transaction was ended behind the session's back, on the raw driver connection or by "
        "AUTOCOMMIT, and what was written may be stored in part. Let database errors leave the handler, or do what may "
        "fail inside `async with session.begin_nested()`"
    )
    assert not hasattr(raised.value, "__notes__")
    assert ran == []
    assert len(await app.notes()) <= 1
    assert "lost" not in await app.notes()


async def test_autocommit_by_an_engine_listener_is_noticed_at_the_first_statement(app: App) -> None:
    def autocommit(connection: Any) -> None:
        connection.execution_options(isolation_level="AUTOCOMMIT")

    async def body(unit: UnitOfWork) -> object:
        await unit.session.execute(text("SELECT 1"))
        unit.session.add(Note(text="never"))
        return None

    event.listen(app.engine.sync_engine, "engine_connect", autocommit)
    with pytest.raises(TransactionAbortedError, match="AUTOCOMMIT"):
        await app.run(body)
    event.remove(app.engine.sync_engine, "engine_connect", autocommit)
    await app.assert_nothing_stored()


async def test_sql_in_a_before_commit_listener_is_refused(app: App) -> None:
    """It would come after the outbox rows, and after the look for swallowed errors."""
    for statement in ("SELECT 1 / 0", "INSERT INTO note (text) VALUES ('late')"):

        def hook(session: Any, statement: str = statement) -> None:
            with suppress(DBAPIError):
                session.execute(text(statement))

        async def body(unit: UnitOfWork, hook: Any = hook) -> object:
            event.listen(unit.session.sync_session, "before_commit", hook)
            unit.record(Told("x"))
            return "success"

        with pytest.raises(UnitOfWorkClosedError, match="is committing"):
            await app.run(body)
        await app.assert_nothing_stored()


async def test_the_end_of_the_loop_during_commit_leaves_an_unknown_outcome(app: App, admin: Admin) -> None:
    meeting, other = await a_check_that_waits(app)
    ran: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Attendance(meeting_id=meeting.id, who="me"))
        unit.after_rollback(lambda: ran.append("never"))
        return None

    task = asyncio.create_task(app.run(body))
    await a_backend_waits(admin, app)
    for one in asyncio.all_tasks():
        if one.get_name() == "commit of Do":
            one.cancel()
    with pytest.raises(CommitOutcomeUnknownError, match="the event loop ended"):
        await task
    assert ran == []
    await other.rollback()
    await other.close()
    await assert_pool_clean(app.engine)


async def test_a_connection_known_to_be_dead_before_the_commit_is_a_known_outcome(app: App, admin: Admin) -> None:
    ran: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        unit.after_rollback(lambda: ran.append("rolled back"))
        raw: Any = await (await unit.session.connection()).get_raw_connection()
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        closed = asyncio.Event()
        raw.driver_connection.add_termination_listener(lambda _: closed.set())
        await admin.kill(raw.driver_connection.get_server_pid())
        await asyncio.wait_for(closed.wait(), 20)
        return "success"

    with pytest.raises(TransactionAbortedError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        "There was no commit: the connection was lost after its last statement, and the server rolled back. "
        "The command can be sent again"
    )
    assert ran == ["rolled back"]
    await app.assert_nothing_stored()


async def test_a_straggler_that_never_stops_cannot_get_in_between(app: App) -> None:
    outcomes: list[BaseException] = []

    async def straggle(unit: UnitOfWork, started: asyncio.Event) -> None:
        with pytest.raises((UnitOfWorkClosedError, SessionOwnershipError)) as raised:
            while True:
                await unit.session.execute(text("SELECT 1"))
                started.set()
        outcomes.append(raised.value)

    tasks: list[asyncio.Task[None]] = []

    async def body(unit: UnitOfWork) -> object:
        started = asyncio.Event()
        tasks.append(asyncio.create_task(straggle(unit, started)))
        await started.wait()
        unit.record(Told("x"))
        return "success"

    for _ in range(20):
        assert await app.run(body) == "success"
    await asyncio.gather(*tasks)
    assert {type(outcome) for outcome in outcomes} == {UnitOfWorkClosedError}


async def test_an_attached_aggregate_records_from_a_thread(app: App) -> None:
    heard: list[str] = []

    @app.registry.event_handler
    def hears(happened: Happened) -> None:
        heard.append(happened.name)

    async def body(unit: UnitOfWork) -> object:
        meeting = Meeting(seats=1)
        unit.session.add(meeting)
        await unit.session.flush()
        record: Callable[[], None] = lambda: meeting.record(Happened("from a thread"))  # noqa: E731
        await asyncio.get_running_loop().run_in_executor(None, record)
        return None

    await app.run(body)
    assert heard == ["from a thread"]


async def test_a_savepoint_over_a_row_that_is_gone_keeps_the_users_error(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        note = Note(text="a")
        unit.session.add(note)
        await unit.session.flush()
        await unit.session.execute(text("DELETE FROM note"))
        with pytest.raises(KeyError, match="mine"):
            async with unit.session.begin_nested():
                note.text = "b"
                raise KeyError("mine")
        note.text = "c"
        with pytest.raises((StaleDataError, InvalidRequestError)):
            await unit.session.flush()
        raise KeyError("end")

    with pytest.raises(KeyError, match="end"):
        await app.run(body)


async def test_a_savepoint_left_open_is_committed_with_the_rest(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        await unit.session.begin_nested()
        await unit.session.begin_nested()
        unit.session.add(Note(text="inside"))
        unit.record(Told("inside"))
        return None

    await app.run(body)
    assert await app.notes() == ["inside"]
    assert await app.outbox() == ["inside"]


async def test_a_compensation_registered_in_a_savepoint_runs(app: App) -> None:
    ran: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        async with unit.session.begin_nested():
            unit.after_rollback(lambda: ran.append("delete the file"))
            raise KeyError
        return None

    with pytest.raises(KeyError):
        await app.run(body)
    assert ran == ["delete the file"]


async def test_no_payload_stands_in_an_error_of_the_outbox(app: App) -> None:
    async with app.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE uow_events.outbox ADD CONSTRAINT no CHECK (key <> 'secret')"))

    async def body(unit: UnitOfWork) -> object:
        unit.record(Told("secret"))
        return None

    with pytest.raises(DBAPIError) as raised:
        await app.run(body)
    assert b'"about"' not in str(raised.value).encode()
    assert "[SQL parameters hidden due to hide_parameters=True]" in str(raised.value)


@pytest.mark.parametrize("wrong", ["a\0b", "\ud800", 5])
async def test_a_header_that_cannot_be_stored_is_refused_at_once(app: App, wrong: Any) -> None:
    with pytest.raises(InvalidHeaderError, match="The header 'traceparent' cannot be sent: it"):
        await app.mediator.send(Do(), headers={"traceparent": wrong})
    with pytest.raises(InvalidHeaderError, match="The header 'source' cannot be sent: it"):
        Outbox(source=wrong)


async def test_a_frozen_exception_leaves_a_unit_of_work_as_it_is(app: App) -> None:
    @dataclass(frozen=True)
    class Frozen(Exception):
        reason: str

    error = Frozen("mine")
    with pytest.raises(Frozen) as raised:
        async with app.mediator.unit_of_work(), app.mediator.unit_of_work():
            raise error
    assert raised.value is error


async def test_a_sessionmaker_without_autobegin_is_given_it(engine: AsyncEngine) -> None:
    async with Mediator(async_sessionmaker(engine, autobegin=False), Registry()).unit_of_work() as unit:
        unit.session.add(Note(text="x"))


async def test_an_expunged_aggregate_is_called_that(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        meeting = Meeting(seats=1)
        unit.session.add(meeting)
        meeting.record(Happened())
        await unit.session.flush()
        unit.session.expunge_all()
        return meeting

    with pytest.raises(UnattachedAggregateError, match="it was taken out of the session again"):
        await app.run(body)


async def test_notes_do_not_pile_up_on_a_shared_exception(app: App) -> None:
    shared = KeyError("shared")

    async def body(unit: UnitOfWork) -> object:
        raise shared

    for _ in range(3):
        with pytest.raises(KeyError):
            await app.run(body)
    assert len(shared.__notes__) == 1


LATE: dict[str, Callable[[UnitOfWork, Note], Awaitable[None] | None]] = {
    "refresh": lambda unit, note: unit.session.refresh(note),
    "expire": lambda unit, note: unit.session.expire(note),
    "bulk_save_objects": lambda unit, note: unit.session.run_sync(lambda inner: inner.bulk_save_objects([note])),
}


@pytest.mark.parametrize("way", LATE)
async def test_more_uses_after_the_end_are_refused(app: App, way: str) -> None:
    kept: list[UnitOfWork] = []

    async def body(unit: UnitOfWork) -> object:
        kept.append(unit)
        unit.session.add(Note(text="x"))
        return None

    await app.run(body)
    with pytest.raises(UnitOfWorkClosedError, match=way):
        answer = LATE[way](kept[0], Note(text="y"))
        if answer is not None:
            await answer
