"""G1: a send is cancelled at each of its suspensions in turn, wherever in the framework or the driver that is."""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from tests.integration.conftest import App
from tests.integration.messages import Do, Happened, Inner, Told
from tests.models import Note
from tests.postgres.admin import assert_pool_clean
from uow_events import UnitOfWork


class CancelledAt:
    """Awaits a coroutine, and cancels the task as soon as it has suspended for the nth time."""

    def __init__(self, work: Coroutine[Any, Any, Any], suspension: int) -> None:
        self.work = work
        self.suspension = suspension
        self.count = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self.work.__await__()
        error: BaseException | None = None
        while True:
            try:
                waited_for = inner.throw(error) if error is not None else inner.send(None)
            except StopIteration as end:
                return end.value
            if self.count == self.suspension:
                task = asyncio.current_task()
                assert task is not None
                asyncio.get_running_loop().call_soon(task.cancel)
            self.count += 1
            error = None
            try:
                yield waited_for
            except BaseException as thrown:
                error = thrown


def rich_command(app: App) -> None:
    """Savepoints, a swallowed error in one, a joined send, an event whose handler writes, a notification."""

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="command"))
        unit.record(Happened())
        async with unit.session.begin_nested():
            unit.session.add(Note(text="savepoint"))
        with suppress(DBAPIError):
            async with unit.session.begin_nested():
                await unit.session.execute(text("SELECT 1 / 0"))
        return await app.mediator.send(Inner())

    async def inner(unit: UnitOfWork) -> object:
        return await unit.session.scalar(text("SELECT count(*) FROM note"))

    @app.registry.event_handler
    async def hears(happened: Happened, session: AsyncSession, unit: UnitOfWork) -> None:
        session.add(Note(text="event"))
        unit.record(Told("x"))

    app.bodies |= {Do: body, Inner: inner}


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
async def test_a_send_cancelled_at_any_suspension_stores_all_or_nothing(engine: AsyncEngine, warm: bool) -> None:
    app = App(engine)
    rich_command(app)
    suspension = 0
    while True:
        if not warm:
            await engine.dispose()
        sending = CancelledAt(app.mediator.send(Do()), suspension)

        async def run(sending: CancelledAt = sending) -> object:
            return await sending

        with suppress(asyncio.CancelledError):
            await asyncio.create_task(run())
        stored = (await app.notes(), await app.outbox())
        assert stored in (([], []), (["command", "savepoint", "event"], ["x"])), f"cancelled at {suspension}"
        await assert_pool_clean(engine)
        if sending.count <= suspension:
            break
        await empty(engine)
        suspension += 1
    assert suspension > 20


async def empty(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE note"))
        await connection.execute(text("TRUNCATE uow_events.outbox"))


async def test_a_task_cancelled_while_a_statements_event_handler_runs_gives_a_clean_connection_back(
    engine: AsyncEngine,
) -> None:
    """Trap 12: the driver's own transaction stayed open on the pooled connection."""
    single = create_async_engine(engine.url, pool_size=1, max_overflow=0)
    app = App(single)
    reached, never = asyncio.Event(), asyncio.Event()

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="lost"))
        await unit.session.flush()
        await unit.session.execute(text("SELECT 'stop here'"))
        return None

    def stop(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "stop here" in statement:
            reached.set()
            connection.connection.dbapi_connection.run_async(lambda _: never.wait())

    event.listen(single.sync_engine, "after_cursor_execute", stop)
    task = asyncio.create_task(app.run(body))
    await asyncio.wait_for(reached.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await app.assert_nothing_stored()
    await single.dispose()
