"""Event handlers that run after the commit, each in a unit of work of its own."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.conftest import App
from tests.integration.messages import Followed, Happened, Told
from tests.models import Note
from uow_events import EventHandler, MessageContext, Recorder, UnitOfWork
from uow_events.mediator.handling.after_commit import after_commit_callback
from uow_events.messages import Binding, HandlerOptions, Invocation, Record, bind, running_invocation

SECRET = "hush"
LOGGED = "Do -> Happened after its commit, which stands; nothing runs it again"


def after_commit(app: App, handler: Callable[..., Awaitable[None]]) -> None:
    app.registry.event_map.register(handler, Happened, HandlerOptions(phase="after_commit"))


async def do(unit: UnitOfWork) -> object:
    unit.session.add(Note(text="command"))
    unit.record(Happened())
    return "answer"


async def test_it_runs_after_the_commit_with_a_transaction_and_a_pipeline_of_its_own(app: App) -> None:
    seen: list[list[str]] = []
    contexts: list[MessageContext] = []
    records: list[UUID] = []

    @app.registry.event_handler
    async def first(event: Happened, context: MessageContext) -> None:
        invocation = running_invocation()
        assert invocation is not None
        assert invocation.cause is not None
        records.append(invocation.cause.id)
        contexts.append(context)

    async def hears(event: Happened, session: AsyncSession, recorder: Recorder, context: MessageContext) -> None:
        seen.append(await app.notes())
        contexts.append(context)
        session.add(Note(text="afterwards"))
        recorder.record(Followed(), Told("x"))

    @app.registry.event_handler
    async def follows(event: Followed, session: AsyncSession) -> None:
        session.add(Note(text="follow-up"))

    after_commit(app, hears)
    assert await app.run(do) == "answer"
    assert seen == [["command"]]
    assert await app.notes() == ["command", "afterwards", "follow-up"]
    outer, inner = contexts
    assert inner.message_id != outer.message_id
    assert (inner.correlation_id, inner.causation_id) == (outer.correlation_id, str(records[0]))
    async with app.engine.connect() as connection:
        headers: Any = await connection.scalar(text("SELECT headers FROM uow_events.outbox"))
    assert (headers["correlationid"], headers["causationid"]) == (outer.correlation_id, str(records[0]))


async def test_its_failure_is_rolled_back_logged_and_kept_from_the_caller(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    async def hears(event: Happened, session: AsyncSession) -> None:
        session.add(Note(text="lost"))
        await session.flush()
        await session.execute(text("SELECT 1 / (length(:about) - 4)"), {"about": SECRET})

    after_commit(app, hears)
    assert await app.run(do) == "answer"
    assert await app.notes() == ["command"]
    (record,) = [record for record in caplog.records if record.name == "uow_events"]
    assert (record.levelno, record.getMessage()) == (logging.ERROR, f"hears failed, handling {LOGGED}: DBAPIError")
    assert record.exc_info
    assert "[SQL parameters hidden due to hide_parameters=True]" in caplog.text
    assert SECRET not in caplog.text


async def test_it_never_runs_where_the_transaction_rolled_back(app: App) -> None:
    ran: list[str] = []

    async def hears(event: Happened) -> None:
        ran.append("hears")

    async def fail(unit: UnitOfWork) -> object:
        await do(unit)
        unit.before_commit(lambda: 1 // 0)
        return None

    after_commit(app, hears)
    with pytest.raises(ZeroDivisionError):
        await app.run(fail)
    assert ran == []
    await app.assert_nothing_stored()


async def test_a_cancellation_meanwhile_is_raised_when_it_is_done(app: App) -> None:
    running, go_on = asyncio.Event(), asyncio.Event()

    async def hears(event: Happened, session: AsyncSession) -> None:
        running.set()
        await go_on.wait()
        session.add(Note(text="afterwards"))

    after_commit(app, hears)
    task = asyncio.create_task(app.run(do))
    await running.wait()
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await app.notes() == ["command", "afterwards"]


async def test_one_that_is_stopped_is_rolled_back_and_named(app: App, caplog: pytest.LogCaptureFixture) -> None:
    running, never = asyncio.Event(), asyncio.Event()

    async def hears(event: Happened, session: AsyncSession) -> None:
        session.add(Note(text="lost"))
        await session.flush()
        running.set()
        await never.wait()

    def opens(name: str, context: MessageContext) -> UnitOfWork:
        return UnitOfWork(app.engine, name=name, context=context)

    async def run(binding: Binding, event: object, invocation: Invocation, unit: UnitOfWork) -> object:
        return await binding.call(event, unit)

    binding, record = bind(hears, EventHandler), Record(Happened(), None)
    handle: Any = after_commit_callback(opens, binding, record, MessageContext(), run)
    task = asyncio.create_task(handle())
    await running.wait()
    task.cancel()  # as the limit of callbacks does
    with pytest.raises(asyncio.CancelledError):
        await task
    await app.assert_nothing_stored()
    assert [record.getMessage() for record in caplog.records if record.name == "uow_events"] == [
        "hears was stopped, handling Happened after its commit, which stands; nothing runs it again"
    ]


async def test_the_next_one_runs_all_the_same(app: App) -> None:
    async def fails(event: Happened) -> None:
        raise KeyError

    async def hears(event: Happened, session: AsyncSession) -> None:
        session.add(Note(text="second"))

    after_commit(app, fails)
    after_commit(app, hears)
    await app.run(do)
    assert await app.notes() == ["command", "second"]
