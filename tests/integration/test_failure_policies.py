"""G12: what a handler's failure brings where on_error says that the rest goes on."""

import logging
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.integration.conftest import App, Body
from tests.integration.messages import Followed, Told
from tests.integration.policies import BROKEN, execute, happens, hears, note
from tests.models import Meeting, Note
from uow_events import UnitOfWork


async def test_what_a_failed_handler_did_is_undone_and_the_rest_goes_on(app: App) -> None:
    seen: list[str] = []

    async def fails(unit: UnitOfWork) -> None:
        unit.session.add(Note(text="undone"))
        await note(unit, "undone too")
        unit.record(Followed("undone"), Told("undone"))
        for when in (unit.before_commit, unit.after_commit):
            when(lambda: seen.append("undone"))
        raise KeyError("mine")

    async def goes_on(unit: UnitOfWork) -> None:
        unit.session.add(Note(text="kept"))
        unit.record(Told("kept"))
        unit.after_commit(lambda: seen.append("kept"))

    @app.registry.event_handler
    async def followed(event: Followed) -> None:
        seen.append(event.name)

    hears(app, fails)
    hears(app, goes_on)
    assert await happens(app) == "answered"
    assert seen == ["kept"]
    assert await app.notes() == ["kept"]
    assert await app.outbox() == ["kept"]


async def by_a_flush(unit: UnitOfWork) -> None:
    unit.session.add_all([Note(text="twice"), Note(text="twice")])
    await unit.session.flush()


async def by_a_statement(unit: UnitOfWork) -> None:
    await note(unit, "before")
    await execute(unit, BROKEN)


async def by_what_is_pending_at_its_end(unit: UnitOfWork) -> None:
    unit.session.add_all([Note(text="twice"), Note(text="twice")])


async def by_a_swallowed_statement(unit: UnitOfWork) -> None:
    await note(unit, "before")
    with suppress(DBAPIError):
        await execute(unit, BROKEN)


async def by_a_swallowed_flush(unit: UnitOfWork) -> None:
    with suppress(DBAPIError):
        await by_a_flush(unit)


async def by_what_follows_a_swallowed_statement(unit: UnitOfWork) -> None:
    await by_a_swallowed_statement(unit)
    await note(unit, "after")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (by_a_flush, "IntegrityError"),
        (by_a_statement, "DBAPIError"),
        (by_what_is_pending_at_its_end, "IntegrityError"),
        (by_a_swallowed_statement, "DBAPIError"),
        (by_a_swallowed_flush, "IntegrityError"),
        (by_what_follows_a_swallowed_statement, "DBAPIError"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_a_handler_may_fail_by_a_database_error(
    app: App, body: Body, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def goes_on(unit: UnitOfWork) -> None:
        await note(unit, "kept")

    hears(app, body)
    hears(app, goes_on)
    assert await happens(app) == "answered"
    assert await app.notes() == ["kept"]
    expected = f"The handler {body.__name__} failed on Happened with {kind}; what it did was undone, and "
    assert [record.message for record in caplog.records] == [expected + "the rest goes on"]


async def test_a_swallowed_error_is_logged_with_its_traceback_and_without_parameters(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(unit: UnitOfWork) -> None:
        try:
            await unit.session.execute(text("SELECT 1 / (:secret * 0)"), {"secret": 4711})
        except DBAPIError as error:
            raise ValueError("translated") from error

    hears(app, fails)
    await happens(app)
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.name == "uow_events"
    assert "ValueError: translated" in caplog.text
    assert "SELECT 1 / ($1" in caplog.text
    assert "parameters hidden" in caplog.text
    assert "(4711" not in caplog.text


async def test_objects_that_a_failed_handler_changed_are_as_they_were(app: App) -> None:
    """Trap 28, for a policy's savepoint."""
    async with UnitOfWork(app.engine) as unit:
        unit.session.add(meeting := Meeting(seats=1, title="old"))
    seen: list[Meeting] = []

    async def fails(unit: UnitOfWork) -> None:
        seen.append(found := await unit.session.get_one(Meeting, meeting.id))
        found.title = "changed"
        await unit.session.flush()
        raise KeyError

    async def reads(unit: UnitOfWork) -> None:
        await note(unit, seen[0].title)

    hears(app, fails)
    hears(app, reads)
    await happens(app)
    assert await app.notes() == ["old"]


async def test_records_return_to_an_object_that_a_failed_handler_added(app: App) -> None:
    """Trap 27, for a policy's savepoint: the next handler adds it again."""
    heard: list[str] = []
    meeting = Meeting(seats=1)
    meeting.record(Followed("once"))

    async def fails(unit: UnitOfWork) -> None:
        unit.session.add(meeting)
        await unit.session.flush()
        raise KeyError

    async def adds_again(unit: UnitOfWork) -> None:
        unit.session.add(meeting)

    @app.registry.event_handler
    async def followed(event: Followed) -> None:
        heard.append(event.name)

    hears(app, fails)
    hears(app, adds_again)
    await happens(app)
    assert heard == ["once"]
