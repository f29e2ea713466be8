"""G12: what no policy and no savepoint swallows, whatever `when` says (traps 29 and 30)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.orm.exc import StaleDataError

from tests.integration.conftest import App, Body
from tests.integration.messages import Inner
from tests.integration.policies import (
    CONFLICT,
    execute,
    falls_back_to,
    happens,
    hears,
    note,
)
from tests.integration.waiting import a_backend_waits
from tests.models import Note
from tests.postgres.admin import Admin
from uow_events import (
    CommitOutcomeUnknownError,
    EventStormError,
    RollbackOnlyError,
    SessionOwnershipError,
    TransactionControlError,
    UnitOfWork,
    UnitOfWorkClosedError,
)


@pytest.fixture(params=["continue", "fallback"])
def policy(request: pytest.FixtureRequest) -> Any:
    async def never(unit: UnitOfWork) -> None:
        raise AssertionError("never called")

    return "continue" if request.param == "continue" else falls_back_to(never)


async def conflict(unit: UnitOfWork) -> None:
    await note(unit, "on a wrong basis")
    await execute(unit, CONFLICT)


async def translated(unit: UnitOfWork) -> None:
    try:
        await conflict(unit)
    except DBAPIError as error:
        raise ValueError("translated") from error


async def translated_without_a_cause(unit: UnitOfWork) -> None:
    failed = False
    try:
        await conflict(unit)
    except DBAPIError:
        failed = True
    if failed:
        raise ValueError("translated")


async def swallowed(unit: UnitOfWork) -> None:
    with suppress(DBAPIError):
        await conflict(unit)


async def seen_by_the_next_statement(unit: UnitOfWork) -> None:
    await swallowed(unit)
    await note(unit, "in a failed transaction")


async def seen_by_the_next_statement_inside_of_a_savepoint(unit: UnitOfWork) -> None:
    async with unit.session.begin_nested():
        await seen_by_the_next_statement(unit)


async def seen_by_the_session_after_the_next_flush(unit: UnitOfWork) -> None:
    async with unit.session.begin_nested():
        await swallowed(unit)
        unit.session.add(Note(text="in a failed transaction"))
        with suppress(DBAPIError):
            await unit.session.flush()
        await note(unit, "in a session that refuses all")


async def among_others(unit: UnitOfWork) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(conflict(unit))


async def in_a_joined_send(unit: UnitOfWork) -> None:
    with suppress(DBAPIError):
        await unit.owner.send(Inner())  # type: ignore[attr-defined]
    raise KeyError


@pytest.mark.parametrize(
    "body",
    [
        conflict,
        translated,
        translated_without_a_cause,
        swallowed,
        seen_by_the_next_statement,
        seen_by_the_next_statement_inside_of_a_savepoint,
        seen_by_the_session_after_the_next_flush,
        among_others,
        in_a_joined_send,
    ],
)
async def test_a_conflict_is_never_swallowed(app: App, policy: Any, body: Body) -> None:
    """Trap 29: the commit would succeed on a wrong basis."""
    app.bodies[Inner] = conflict
    hears(app, body, policy)
    with pytest.raises((DBAPIError, InvalidRequestError, ValueError, ExceptionGroup, KeyError)):
        await happens(app)
    await app.assert_nothing_stored()


async def test_a_conflict_that_the_handlers_own_savepoint_dealt_with_is_no_matter(app: App) -> None:
    async def deals_with_it(unit: UnitOfWork) -> None:
        with suppress(DBAPIError):
            async with unit.session.begin_nested():
                await conflict(unit)
        raise KeyError

    async def goes_on(unit: UnitOfWork) -> None:
        await note(unit, "kept")

    hears(app, deals_with_it)
    hears(app, goes_on)
    await happens(app)
    assert await app.notes() == ["kept"]


def caused_by(cause: Exception) -> Exception:
    error = LookupError("translated")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        StaleDataError("0 rows matched"),
        caused_by(StaleDataError("0 rows matched")),
        SessionOwnershipError("session.execute()", "session.flush()"),
        UnitOfWorkClosedError("The session"),
        EventStormError(1, ["Do"]),
        RollbackOnlyError("A joined send"),
        CommitOutcomeUnknownError("no answer in time"),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_errors_about_the_transaction_and_what_is_no_exception_leave(
    app: App, policy: Any, error: BaseException
) -> None:
    async def fails(unit: UnitOfWork) -> None:
        await note(unit, "undone")
        raise error

    hears(app, fails, policy)
    with pytest.raises(type(error)) as raised:
        await happens(app)
    assert raised.value is error
    await app.assert_nothing_stored()


ATTEMPTS: dict[str, Callable[[UnitOfWork], Any]] = {
    "session.commit": lambda unit: unit.session.commit(),
    "sql": lambda unit: execute(unit, "COMMIT"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_an_attempt_to_end_the_transaction_is_never_forgotten(app: App, policy: Any, attempt: str) -> None:
    async def tries(unit: UnitOfWork) -> None:
        with suppress(TransactionControlError):
            await ATTEMPTS[attempt](unit)
        raise KeyError

    hears(app, tries, policy)
    with pytest.raises(KeyError):
        await happens(app)
    await app.assert_nothing_stored()


@pytest.mark.parametrize("caught", [False, True])
async def test_a_lost_connection_is_never_swallowed(app: App, admin: Admin, policy: Any, caught: bool) -> None:
    async def loses(unit: UnitOfWork) -> None:
        await admin.kill(await unit.session.scalar(text("SELECT pg_backend_pid()")) or 0)
        if caught:
            with suppress(DBAPIError):
                await execute(unit, "SELECT 1")
            raise KeyError
        await execute(unit, "SELECT 1")

    hears(app, loses, policy)
    with pytest.raises((DBAPIError, KeyError)):
        await happens(app)
    await app.assert_nothing_stored()


async def test_a_statement_cut_off_by_a_timeout_is_never_swallowed(app: App, admin: Admin, policy: Any) -> None:
    """The cancellation costs the connection, though what leaves the handler is a TimeoutError like any other."""
    blocker = await app.engine.connect()
    await blocker.execute(text("LOCK TABLE attendance IN ACCESS EXCLUSIVE MODE"))

    async def waits(unit: UnitOfWork) -> None:
        async with asyncio.timeout(None) as limit:
            waiting = asyncio.create_task(a_backend_waits(admin, app))
            waiting.add_done_callback(lambda _: limit.reschedule(0))
            await execute(unit, "SELECT count(*) FROM attendance")

    hears(app, waits, policy)
    with pytest.raises(TimeoutError):
        await happens(app)
    await blocker.close()
    await app.assert_nothing_stored()


async def test_a_handler_that_ends_its_policys_savepoint_cannot_be_undone(
    app: App, policy: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def ends_it(unit: UnitOfWork) -> None:
        await note(unit, "x")
        savepoint = unit.session.get_nested_transaction()
        assert savepoint is not None
        await savepoint.commit()
        raise KeyError("mine")

    hears(app, ends_it, policy)
    with pytest.raises(KeyError, match="mine"):
        await happens(app)
    assert "ends_it could not be undone (ResourceClosedError); everything is rolled back" in caplog.text
    await app.assert_nothing_stored()
