"""G7 on PostgreSQL: failures, cancellation and lost connections while handlers run concurrently (trap 3)."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.conftest import App
from tests.integration.messages import Followed, Happened, Told
from tests.integration.waiting import a_backend_waits
from tests.models import Note
from tests.postgres.admin import Admin
from uow_events import EventStormError, Recorder, UnitOfWork

LOCK = text("SELECT pg_advisory_xact_lock(1)")


@pytest.fixture
def app(app: App) -> App:
    app.options["max_concurrent_event_handlers"] = 3
    return app


class Outside:
    """Handlers that are in the middle of something until they are cancelled."""

    def __init__(self) -> None:
        self.running = 0
        self.began = asyncio.Event()

    async def call(self) -> None:
        self.running += 1
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.running -= 1


async def recording(unit: UnitOfWork) -> object:
    unit.session.add(Note(text="before"))
    unit.record(Told("before"), Happened("1"), Followed("2"))
    return None


async def run(app: App) -> None:
    async with asyncio.timeout(60):
        await app.run(recording)


def two_outside(app: App) -> Outside:
    outside = Outside()

    @app.registry.event_handler
    async def calls(event: Happened) -> None:
        await outside.call()

    @app.registry.event_handler
    async def calls_too(event: Followed) -> None:
        await outside.call()

    return outside


async def assert_undone(app: App, outside: Outside, tasks: set[Any]) -> None:
    assert outside.running == 0
    assert asyncio.all_tasks() == tasks
    await app.assert_nothing_stored()


async def test_a_failing_statement_cancels_the_others_and_leaves_a_clean_pool(app: App) -> None:
    outside, tasks = two_outside(app), asyncio.all_tasks()

    @app.registry.event_handler
    async def collides(event: Happened, session: AsyncSession) -> None:
        await outside.began.wait()
        session.add(Note(text="before"))
        await session.flush()

    with pytest.raises(IntegrityError) as raised:
        await run(app)
    assert raised.value.__notes__[-1].endswith("collides, handling Do -> Happened, failed; everything was rolled back")
    await assert_undone(app, outside, tasks)


async def test_a_pending_change_that_fails_does_so_in_its_handlers_turn(app: App) -> None:
    outside, tasks = two_outside(app), asyncio.all_tasks()
    seen: list[str] = []

    @app.registry.event_handler
    async def collides(event: Happened, session: AsyncSession, recorder: Recorder) -> None:
        session.add(Note(text="before"))

    @app.registry.event_handler
    async def comes_next(event: Happened, session: AsyncSession) -> None:
        seen.append("next")

    with pytest.raises(IntegrityError) as raised:
        await run(app)
    assert "collides, handling Do -> Happened, failed" in raised.value.__notes__[-1]
    assert seen == []
    await assert_undone(app, outside, tasks)


async def test_a_sibling_in_the_middle_of_a_statement_is_awaited_before_the_rollback(app: App, admin: Admin) -> None:
    """Trap 3: rolled back under a running statement, the pooled connection was poisoned for good."""
    tasks = asyncio.all_tasks()
    error = KeyError("mine")

    @app.registry.event_handler
    async def waits_in_the_database(event: Happened, session: AsyncSession) -> None:
        await session.execute(LOCK)

    @app.registry.event_handler
    async def fails(event: Followed) -> None:
        await a_backend_waits(admin, app)
        raise error

    other = await app.engine.connect()
    await other.execute(LOCK)
    with pytest.raises(KeyError) as raised:
        await run(app)
    assert raised.value is error
    await other.close()
    await assert_undone(app, Outside(), tasks)
    for _ in range(3):
        async with app.engine.connect() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1


async def test_several_failures_leave_the_first_and_tell_of_the_others(app: App) -> None:
    together = asyncio.Barrier(2)

    @app.registry.event_handler
    async def first(event: Happened, session: AsyncSession) -> None:
        await together.wait()
        raise ValueError("secret one")

    @app.registry.event_handler
    async def second(event: Followed) -> None:
        await together.wait()
        raise KeyError("secret two")

    with pytest.raises(ValueError) as raised:
        await run(app)
    others, own = raised.value.__notes__
    assert others.endswith("second, handling Do -> Followed, failed as well: KeyError")
    assert own.endswith("first, handling Do -> Happened, failed; everything was rolled back")
    assert "secret" not in others + own
    await app.assert_nothing_stored()


async def test_a_cancelled_send_cancels_all_handlers_and_rolls_back(app: App, admin: Admin) -> None:
    outside = two_outside(app)

    @app.registry.event_handler
    async def waits_in_the_database(event: Happened, session: AsyncSession) -> None:
        await session.execute(LOCK)

    other = await app.engine.connect()
    await other.execute(LOCK)
    tasks = asyncio.all_tasks()
    send = asyncio.create_task(app.run(recording))
    await a_backend_waits(admin, app)
    await outside.began.wait()
    send.cancel()
    with pytest.raises(asyncio.CancelledError):
        await send
    await other.close()
    await assert_undone(app, outside, tasks)


async def test_a_deadline_around_a_send_is_a_timeout(app: App) -> None:
    """The count of cancellations is left as it was, on which asyncio.timeout depends."""
    outside, tasks = two_outside(app), asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as deadline:
            unit = app.run(recording)
            outside_began = asyncio.create_task(outside.began.wait())
            outside_began.add_done_callback(lambda _: deadline.reschedule(asyncio.get_running_loop().time()))
            await unit
    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0
    await assert_undone(app, outside, tasks)


async def test_a_killed_backend_rolls_back_and_cancels_the_others(app: App, admin: Admin) -> None:
    outside, tasks = two_outside(app), asyncio.all_tasks()

    @app.registry.event_handler
    async def is_killed(event: Happened, session: AsyncSession) -> None:
        await outside.began.wait()
        await admin.kill(await session.scalar(text("SELECT pg_backend_pid()")))
        await session.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError):
        await run(app)
    await assert_undone(app, outside, tasks)


async def test_a_storm_stops_while_others_run(app: App) -> None:
    """G11: counted as in the sequential mode."""
    app.options["max_events"] = 20
    outside, tasks = Outside(), asyncio.all_tasks()

    @app.registry.event_handler
    async def calls(event: Followed) -> None:
        await outside.call()

    @app.registry.event_handler
    async def again(event: Happened, recorder: Recorder) -> None:
        recorder.record(Happened())

    with pytest.raises(EventStormError, match="More than 20 events .* Do -> ... -> Happened -> Happened"):
        await run(app)
    await assert_undone(app, outside, tasks)
