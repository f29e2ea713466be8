"""G7 on PostgreSQL: what is recorded while handlers run concurrently, and whose savepoint it belongs to."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.conftest import App
from tests.integration.messages import Followed, Happened, Inner, Told
from tests.models import Note
from uow_events import Recorder, UnitOfWork
from uow_events.messages import running_invocation


@pytest.fixture
def app(app: App) -> App:
    app.options["max_concurrent_event_handlers"] = 4
    return app


async def recording(unit: UnitOfWork) -> object:
    unit.record(Happened("1"), Followed("2"))
    return None


async def test_callables_are_built_in_turn_with_the_keys_they_need(app: App) -> None:
    @app.registry.event_handler
    async def writes(event: Happened, session: AsyncSession, recorder: Recorder) -> None:
        note = Note(text="written")
        session.add(note)
        recorder.record(lambda: Told(f"note {note.id}"))

    @app.registry.event_handler
    async def records(event: Followed, recorder: Recorder) -> None:
        recorder.record(lambda: Told("built"))

    await app.run(recording)
    assert await app.outbox() == ["note 1", "built"]


async def test_records_of_others_are_not_in_a_holders_savepoint(app: App) -> None:
    """One handler's savepoint rolls back; what the other recorded meanwhile, and its callbacks, stay."""
    inside, recorded, ran = asyncio.Event(), asyncio.Event(), list[str]()
    units: list[UnitOfWork] = []

    @app.registry.event_handler
    async def undoes(event: Happened, session: AsyncSession, recorder: Recorder) -> None:
        savepoint = await session.begin_nested()
        session.add(Note(text="undone"))
        recorder.record(Told("undone"))
        inside.set()
        await recorded.wait()
        await savepoint.rollback()

    @app.registry.event_handler
    async def records(event: Followed, recorder: Recorder) -> None:
        await inside.wait()
        recorder.record(Told("kept"))
        units[0].after_commit(lambda: ran.append("kept"))
        recorded.set()

    async def body(unit: UnitOfWork) -> object:
        units.append(unit)
        return await recording(unit)

    async with asyncio.timeout(20):
        await app.run(body)
    assert await app.notes() == []
    assert await app.outbox() == ["kept"]
    assert ran == ["kept"]


class Scope:
    """What a failure policy puts around a handler that has no savepoint."""

    is_undone = False


async def test_records_of_a_handler_without_the_session_belong_to_its_scope(app: App) -> None:
    """Also those of a command that it sends."""
    scope = Scope()

    async def inner(unit: UnitOfWork) -> object:
        unit.record(Told("inner"))
        return None

    @app.registry.event_handler
    async def fails_softly(event: Happened, recorder: Recorder) -> None:
        invocation = running_invocation()
        assert invocation is not None
        invocation.scope = scope
        recorder.record(Told("undone"))
        await app.mediator.send(Inner())
        scope.is_undone = True

    @app.registry.event_handler
    async def records(event: Followed, recorder: Recorder) -> None:
        recorder.record(Told("kept"))

    app.bodies[Inner] = inner
    await app.run(recording)
    assert await app.outbox() == ["kept"]
