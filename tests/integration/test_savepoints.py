"""G12: what is recorded inside any begin_nested() that rolls back is discarded, the connection's own too."""

from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.integration.conftest import App
from tests.integration.messages import Followed, Happened, Inner, Told
from tests.integration.policies import BROKEN, note
from tests.models import Meeting, Note
from uow_events import RollbackOnlyError, UnitOfWork


@pytest.fixture
def heard(app: App) -> list[str]:
    names: list[str] = []

    @app.registry.event_handler
    async def happened(event: Happened) -> None:
        names.append(event.name)

    return names


async def test_what_a_connections_savepoint_recorded_is_discarded_with_it(app: App, heard: list[str]) -> None:
    """Trap 6, for Core; with callbacks, and with a savepoint released inside."""

    async def body(unit: UnitOfWork) -> object:
        connection = await unit.session.connection()
        with suppress(KeyError):
            async with connection.begin_nested():
                await note(unit, "undone")
                unit.record(Happened("undone"), Told("undone"))
                Meeting(seats=2).record(Happened("undone and unattached"))
                unit.after_commit(lambda: heard.append("undone"))
                async with connection.begin_nested():
                    unit.record(Happened("released inside"))
                raise KeyError
        async with connection.begin_nested():
            await note(unit, "kept")
            unit.record(Happened("kept"), Told("kept"))
        unit.record(Happened("after"))
        return None

    await app.run(body)
    assert heard == ["kept", "after"]
    assert await app.notes() == ["kept"]
    assert await app.outbox() == ["kept"]


async def test_a_connections_savepoint_that_is_released_runs_no_callbacks(app: App, heard: list[str]) -> None:
    """Trap 31, for Core."""

    async def body(unit: UnitOfWork) -> object:
        unit.after_commit(lambda: heard.append("committed"))
        connection = await unit.session.connection()
        async with connection.begin_nested():
            await note(unit, "x")
        assert heard == []
        return None

    await app.run(body)
    assert heard == ["committed"]


async def test_an_error_in_a_connections_savepoint_may_be_handled(app: App, heard: list[str]) -> None:
    async def body(unit: UnitOfWork) -> object:
        connection = await unit.session.connection()
        with suppress(DBAPIError):
            async with connection.begin_nested():
                unit.record(Happened("undone"))
                await connection.execute(text(BROKEN))
        unit.record(Happened("kept"))
        return "answered"

    assert await app.run(body) == "answered"
    assert heard == ["kept"]


async def test_records_return_to_an_object_added_in_a_connections_savepoint(app: App, heard: list[str]) -> None:
    """Trap 27, for Core: the row is gone, and the session does not know."""
    meeting = Meeting(seats=1)
    meeting.record(Happened("once"))

    async def body(unit: UnitOfWork) -> object:
        connection = await unit.session.connection()
        savepoint = await connection.begin_nested()
        unit.session.add(meeting)
        await unit.session.flush()
        await savepoint.rollback()
        assert meeting.recorded_events == (Happened("once"),)
        unit.session.expunge(meeting)
        return None

    await app.run(body)
    assert heard == []


async def test_a_failed_joined_send_is_forgotten_with_the_connections_savepoint(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        await note(unit, "half")
        raise LookupError

    async def body(unit: UnitOfWork) -> object:
        connection = await unit.session.connection()
        savepoint = await connection.begin_nested()
        with suppress(LookupError):
            await app.mediator.send(Inner())
        await savepoint.rollback()
        return "answered"

    app.bodies[Inner] = inner
    assert await app.run(body) == "answered"
    assert await app.notes() == []


@pytest.mark.parametrize("is_kept", [False, True])
async def test_savepoints_of_both_kinds_in_one_another(app: App, heard: list[str], is_kept: bool) -> None:
    """A session sends its SAVEPOINT at the first use, so that the inner one's comes with the outer one's."""

    async def body(unit: UnitOfWork) -> object:
        outer = await unit.session.begin_nested()
        unit.record(Happened("outer"))
        inner = await unit.session.begin_nested()
        unit.record(Happened("inner"))
        await note(unit, "inner")
        await inner.rollback()
        unit.record(Happened("outer again"))
        connection = await unit.session.connection()
        async with connection.begin_nested():
            unit.record(Happened("the connection's"))
            session_inside = await unit.session.begin_nested()
            unit.record(Happened("inside that"))
            await note(unit, "inside that")
            await session_inside.commit()
        await (outer.commit() if is_kept else outer.rollback())
        unit.record(Happened("after"))
        return None

    await app.run(body)
    inside = ["outer", "outer again", "the connection's", "inside that"] if is_kept else []
    assert heard == [*inside, "after"]
    assert await app.notes() == (["inside that"] if is_kept else [])


async def test_a_session_savepoint_lost_with_a_connections_around_it_takes_no_later_records_along(
    app: App, heard: list[str]
) -> None:
    async def body(unit: UnitOfWork) -> object:
        connection = await unit.session.connection()
        around = await connection.begin_nested()
        unused = await unit.session.begin_nested()
        unit.record(Happened("undone"))
        await around.rollback()
        unit.record(Happened("after"))
        await unused.rollback()
        return None

    await app.run(body)
    assert heard == ["after"]


async def test_a_connections_savepoint_left_open_ends_with_the_sessions_around_it(app: App, heard: list[str]) -> None:
    async def body(unit: UnitOfWork) -> object:
        around = await unit.session.begin_nested()
        connection = await unit.session.connection()
        inside = await connection.begin_nested()
        unit.record(Happened("undone"))
        await inside.rollback()
        left_open = await connection.begin_nested()
        unit.record(Happened("undone too"))
        await left_open.rollback()
        await around.rollback()
        unit.record(Happened("after"))
        unit.session.add(Note(text="after"))
        return None

    await app.run(body)
    assert heard == ["after"]
    assert await app.notes() == ["after"]


async def test_a_callback_that_opens_and_releases_a_savepoint_still_counts(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        async def before() -> None:
            async with (await unit.session.connection()).begin_nested():
                unit.record(Told("from a callback"), Followed())

        unit.before_commit(before)
        return None

    await app.run(body)
    assert await app.outbox() == ["from a callback"]


async def test_a_failed_joined_send_outside_of_a_savepoint_stays_failed(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        raise LookupError

    async def body(unit: UnitOfWork) -> object:
        with suppress(LookupError):
            await app.mediator.send(Inner())
        async with (await unit.session.connection()).begin_nested() as savepoint:
            await savepoint.rollback()
        return None

    app.bodies[Inner] = inner
    with pytest.raises(RollbackOnlyError):
        await app.run(body)
