"""G13: no false success where a handler swallowed a database error (trap 2)."""

from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.integration.conftest import App
from tests.integration.messages import Happened, Told
from tests.models import Note
from tests.postgres.admin import Admin
from uow_events import TransactionAbortedError, UnitOfWork

ADVICE = "Let database errors leave the handler, or do what may fail inside `async with session.begin_nested()`"


async def test_a_swallowed_core_error_is_no_success(app: App) -> None:
    after: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        unit.after_commit(lambda: after.append("commit"))
        unit.record(Happened())
        with suppress(DBAPIError):
            await unit.session.execute(text("SELECT 1 / 0"))
        return "success"

    with pytest.raises(TransactionAbortedError) as raised:
        await app.run(body)
    assert str(raised.value) == f"There was no commit: a statement failed, and its error was swallowed. {ADVICE}"
    assert isinstance(raised.value.__cause__, DBAPIError)
    assert "division by zero" in str(raised.value.__cause__)
    assert after == []
    await app.assert_nothing_stored()


async def test_a_swallowed_flush_error_is_no_success(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="first"))
        await unit.session.flush()
        unit.session.add(Note(text="first"))
        with suppress(IntegrityError):
            await unit.session.flush()
        return "success"

    with pytest.raises(TransactionAbortedError) as raised:
        await app.run(body)
    assert str(raised.value) == f"There was no commit: a flush failed, and its error was swallowed. {ADVICE}"
    assert isinstance(raised.value.__cause__, IntegrityError)
    await app.assert_nothing_stored()


async def test_the_first_of_several_swallowed_errors_is_the_cause(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        with suppress(DBAPIError):
            await unit.session.execute(text("SELECT 1 / 0"))
        unit.session.add(Note(text="refused"))
        with suppress(DBAPIError):
            await unit.session.flush()
        return "success"

    with pytest.raises(TransactionAbortedError) as raised:
        await app.run(body)
    assert "division by zero" in str(raised.value.__cause__)
    await app.assert_nothing_stored()


async def test_a_flush_error_swallowed_inside_of_a_savepoint_leaves_its_block(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        async with unit.session.begin_nested():
            unit.session.add_all([Note(id=1, text="lost"), Note(id=1, text="lost")])
            with suppress(IntegrityError):
                await unit.session.flush()
        return "success"

    with pytest.raises(TransactionAbortedError) as raised:
        await app.run(body)
    problem = "a flush failed inside of a savepoint, and its error was swallowed"
    assert str(raised.value) == f"There was no commit: {problem}. {ADVICE}"
    assert isinstance(raised.value.__cause__, IntegrityError)
    await app.assert_nothing_stored()


async def test_a_swallowed_error_on_the_raw_connection_is_no_success(app: App) -> None:
    """Trap 20: no event of SQLAlchemy saw it."""

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        raw = await (await unit.session.connection()).get_raw_connection()
        with suppress(Exception):
            await raw.driver_connection.execute("SELECT 1 / 0")  # type: ignore[union-attr]
        return "success"

    with pytest.raises(TransactionAbortedError):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_a_swallowed_error_with_notifications_waiting_is_no_success(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.record(Told("x"))
        with suppress(DBAPIError):
            await unit.session.execute(text("SELECT 1 / 0"))
        return "success"

    with pytest.raises(TransactionAbortedError) as raised:
        await app.run(body)
    assert "division by zero" in str(raised.value.__cause__)
    await app.assert_nothing_stored()


async def test_a_lost_connection_that_is_swallowed_is_no_success(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        with suppress(DBAPIError):
            await unit.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return "success"

    with pytest.raises(TransactionAbortedError) as raised:
        await app.run(body)
    assert str(raised.value) == f"There was no commit: the connection was lost, and its error was swallowed. {ADVICE}"
    await app.assert_nothing_stored()


async def test_an_error_inside_a_savepoint_may_be_handled(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="kept"))
        with suppress(DBAPIError):
            async with unit.session.begin_nested():
                await unit.session.execute(text("SELECT 1 / 0"))
        with suppress(IntegrityError):
            async with unit.session.begin_nested():
                unit.session.add(Note(text="kept"))
                await unit.session.flush()
        unit.record(Told("x"))
        return "success"

    assert await app.run(body) == "success"
    assert await app.notes() == ["kept"]
    assert await app.outbox() == ["x"]


async def test_a_connection_lost_before_the_look_is_that_error(app: App, admin: Admin) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="lost"))
        with suppress(DBAPIError):
            async with unit.session.begin_nested():
                await unit.session.execute(text("SELECT 1 / 0"))
        await admin.kill(await unit.session.scalar(text("SELECT pg_backend_pid()")) or 0)
        return "success"

    with pytest.raises((DBAPIError, TransactionAbortedError)):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_an_error_that_leaves_the_handler_is_that_error(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        await unit.session.execute(text("SELECT 1 / 0"))
        return None

    with pytest.raises(DBAPIError, match="division by zero"):
        await app.run(body)
    await app.assert_nothing_stored()
