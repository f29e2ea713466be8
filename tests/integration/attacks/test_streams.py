"""The rows of a stream come by further statements, long after the one that opened it: those are guarded as well."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.conftest import App
from tests.integration.policies import note
from tests.postgres.admin import Admin
from uow_events import SessionOwnershipError, UnitOfWork, UnitOfWorkClosedError

MANY = text("SELECT number FROM generate_series(1, 1000) AS number").execution_options(max_row_buffer=1)
WAITS_LATE = text(
    "SELECT number, CASE WHEN number > 100 THEN pg_advisory_lock(7) END FROM generate_series(1, 200) AS number"
).execution_options(max_row_buffer=1)


async def a_fetch_waits(admin: Admin, app: App) -> None:
    async with asyncio.timeout(20):
        while not await admin.scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND wait_event = 'advisory'",
            name=app.engine.url.database,
        ):
            await asyncio.sleep(0)


@pytest.mark.parametrize("fetch", ["fetchone", "fetchmany", "all"])
async def test_a_stream_that_was_kept_cannot_disturb_the_next_unit_of_work(app: App, fetch: str) -> None:
    async def opens(unit: UnitOfWork) -> object:
        stream = await unit.session.stream(MANY)
        await stream.fetchone()
        return stream

    async def next_one(unit: UnitOfWork) -> object:  # on the same connection of the pool
        await note(unit, "one")
        with pytest.raises(UnitOfWorkClosedError) as raised:
            while True:
                await getattr(stream, fetch)()
        await note(unit, "two")
        return str(raised.value)

    stream: Any = await app.run(opens)
    assert await app.run(next_one) == (
        "The fetch of a stream was used, but its unit of work has ended: await everything that uses it before the "
        "handler returns, or open a unit of work of its own"
    )
    assert await app.notes() == ["one", "two"]


async def test_a_statement_beside_a_fetch_is_refused_at_once(app: App, admin: Admin) -> None:
    async def body(unit: UnitOfWork) -> object:
        stream = await unit.session.stream(WAITS_LATE)
        rest = asyncio.create_task(stream.all())
        await a_fetch_waits(admin, app)
        with pytest.raises(SessionOwnershipError) as raised:
            await unit.session.execute(text("SELECT 1"))
        await other.execute(text("SELECT pg_advisory_unlock(7)"))
        assert len(await rest) == 200
        return str(raised.value)

    async with app.engine.connect() as other:
        await other.execute(text("SELECT pg_advisory_lock(7)"))
        assert await app.run(body) == (
            "session.execute() was called on a session while The fetch of a stream is still running on it in another "
            "task: await one after the other, or give the second task a unit of work of its own"
        )


async def test_a_fetch_in_flight_is_awaited_before_the_rollback(app: App, admin: Admin) -> None:
    tasks = list[asyncio.Task[Any]]()

    async def body(unit: UnitOfWork) -> object:
        await note(unit, "one")
        stream = await unit.session.stream(WAITS_LATE)
        tasks.append(asyncio.create_task(stream.all()))
        await a_fetch_waits(admin, app)
        asyncio.get_running_loop().call_soon(lets_go.set)  # after the handler has failed
        raise KeyError

    async def unlock() -> None:
        await lets_go.wait()
        await other.execute(text("SELECT pg_advisory_unlock(7)"))

    lets_go = asyncio.Event()
    async with app.engine.connect() as other:
        await other.execute(text("SELECT pg_advisory_lock(7)"))
        unlocking = asyncio.create_task(unlock())
        with pytest.raises(KeyError):
            await app.run(body)
        await unlocking
    assert len(await tasks[0]) == 200
    await app.assert_nothing_stored()
