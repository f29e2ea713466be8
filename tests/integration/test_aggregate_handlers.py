"""Methods of aggregates as handlers: loaded and locked, run in the transaction, answered with what they return."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from tests.integration.aggregates import Count, GrandHall, Hall, Join, Joined, Rename, Reserve, Seat, halls, scalar
from tests.integration.messages import Do
from tests.postgres.admin import Admin, assert_pool_clean
from uow_events import AggregateNotFoundError, Mediator, Registry

__all__ = ["halls"]
KEY = {"tenant": "tenant", "number": "row"}


def mediator(bind: Any, registry: Registry | None = None) -> Mediator:
    handlers = registry or Registry()
    handlers.aggregate_handler(Join, Hall.join, identity="hall")
    handlers.aggregate_handler(Rename, Hall.rename, identity={"id": "hall"})
    handlers.aggregate_handler(Count, Hall.count, identity="hall")
    handlers.aggregate_handler(Reserve, Seat.reserve, identity=KEY)
    return Mediator(bind, handlers, unhandled_events="ignore")


async def test_a_method_handles_the_command_and_its_events_are_handled(halls: AsyncEngine) -> None:
    heard: list[str] = []
    registry = Registry()

    @registry.event_handler
    async def hear(event: Joined, session: AsyncSession) -> None:
        hall = await session.get_one(Hall, 1)
        heard.append(f"{event.user}, {hall.seats} left")

    assert await mediator(halls, registry).send(Join(1, "ann", seats=2)) == 8
    assert heard == ["ann by method, 8 left"]
    assert await scalar(halls, "SELECT seats FROM hall WHERE id = 1") == 8


async def test_an_async_method_that_takes_the_command(halls: AsyncEngine) -> None:
    assert await mediator(halls).send(Rename(1, "Round")) == "Round"
    assert await scalar(halls, "SELECT name FROM hall WHERE id = 1") == "Round"


async def test_a_plain_method_may_touch_what_is_not_loaded(halls: AsyncEngine) -> None:
    assert await mediator(halls).send(Count(1)) == 2


async def test_a_composite_key(halls: AsyncEngine) -> None:
    assert await mediator(halls).send(Reserve("acme", 7, 3)) == 3
    with pytest.raises(AggregateNotFoundError) as caught:
        await mediator(halls).send(Reserve("acme", 8, 3))
    assert caught.value.identity == {"tenant": "acme", "number": 8}


@pytest.mark.parametrize("key", [99, None])
async def test_an_aggregate_that_is_not_there_is_an_error(halls: AsyncEngine, key: Any) -> None:
    with pytest.raises(AggregateNotFoundError) as caught:
        await mediator(halls).send(Join(key, "ann"))
    assert (caught.value.aggregate, caught.value.identity) == (Hall, {"id": key})
    assert caught.value.__notes__ == ["uow_events: Join (Hall.join) failed; everything was rolled back"]
    await assert_pool_clean(halls)


async def test_a_failing_method_rolls_back(halls: AsyncEngine) -> None:
    class Full(Exception): ...

    registry = Registry()

    @registry.event_handler
    async def refuse(event: Joined) -> None:
        raise Full

    with pytest.raises(Full):
        await mediator(halls, registry).send(Join(1, "ann"))
    assert await scalar(halls, "SELECT seats FROM hall WHERE id = 1") == 10


async def test_the_method_that_a_subclass_overrides_is_the_one_that_runs(halls: AsyncEngine) -> None:
    heard: list[str] = []
    registry = Registry()

    @registry.event_handler
    async def hear(event: Joined) -> None:
        heard.append(event.user)

    assert await mediator(halls, registry).send(Join(2, "ann")) == 9
    assert heard == ["ann grandly"]
    assert await scalar(halls, "SELECT balconies FROM grand_hall") == 4


async def test_a_subclass_named_as_the_aggregate_finds_no_other(halls: AsyncEngine) -> None:
    handlers = Registry()
    handlers.aggregate_handler(Join, Hall.join, identity="hall", aggregate=GrandHall)
    app = Mediator(halls, handlers, unhandled_events="ignore")
    assert await app.send(Join(2, "ann")) == 9
    with pytest.raises(AggregateNotFoundError):
        await app.send(Join(1, "ann"))


async def _a_backend_waits(admin: Admin, engine: AsyncEngine) -> None:
    async with asyncio.timeout(20):
        while not await admin.scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND wait_event_type = 'Lock'",
            name=engine.url.database,
        ):
            await asyncio.sleep(0)


@pytest.mark.parametrize("hall", [1, 2])
async def test_the_row_is_locked_before_it_is_read(halls: AsyncEngine, admin: Admin, hall: int) -> None:
    async with halls.connect() as other, asyncio.TaskGroup() as tasks:
        await other.exec_driver_sql(f"UPDATE hall SET seats = 5 WHERE id = {hall}")
        sent = tasks.create_task(mediator(halls).send(Join(hall, "ann")), name="join")
        await _a_backend_waits(admin, halls)
        await other.commit()
    assert sent.result() == 4
    assert await scalar(halls, f"SELECT seats FROM hall WHERE id = {hall}") == 4


async def test_sends_at_once_lose_no_update(halls: AsyncEngine) -> None:
    app = mediator(halls)
    async with asyncio.TaskGroup() as tasks:
        sent = [tasks.create_task(app.send(Join(1, f"user {number}"))) for number in range(10)]
    assert sorted(task.result() for task in sent) == [*range(10)]


async def test_what_was_read_before_the_lock_is_read_again(halls: AsyncEngine) -> None:
    """A row lock alone leaves an object of the session as it was first read."""
    handlers = Registry()
    app = mediator(halls, handlers)

    @handlers.command_handler(Do)
    async def do(command: Do, session: AsyncSession) -> object:
        hall = await session.get_one(Hall, 1)
        async with halls.begin() as other:
            await other.exec_driver_sql("UPDATE hall SET seats = seats - 5 WHERE id = 1")
        answer = await app.send(Join(1, "ann"))
        return hall.seats, answer

    assert await app.send(Do()) == (4, 4)


@pytest.mark.parametrize("autoflush", [True, False])
async def test_what_was_changed_before_is_not_overwritten(halls: AsyncEngine, autoflush: bool) -> None:
    handlers = Registry()
    app = mediator(async_sessionmaker(halls, autoflush=autoflush), handlers)

    @handlers.command_handler(Do)
    async def do(command: Do, session: AsyncSession) -> object:
        hall = await session.get_one(Hall, 1)
        hall.seats = 3
        return await app.send(Join(1, "ann"))

    assert await app.send(Do()) == 2
    assert await scalar(halls, "SELECT seats FROM hall WHERE id = 1") == 2


async def test_a_version_column_stands_in_for_the_lock(halls: AsyncEngine) -> None:
    statements: list[str] = []
    event.listen(halls.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    handlers = Registry()
    app = mediator(halls, handlers)

    @handlers.command_handler(Do)
    async def do(command: Do) -> object:
        reserved = await app.send(Reserve("acme", 7, 1))
        async with halls.begin() as other:
            await other.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
            await other.exec_driver_sql("UPDATE seat SET version = version + 1")
        return reserved

    with pytest.raises(StaleDataError):
        await app.send(Do())
    assert await scalar(halls, "SELECT reserved FROM seat") == 0
    assert not [statement for statement in statements if "FOR UPDATE" in statement]
    await app.send(Count(1))
    assert [statement for statement in statements if "FOR UPDATE OF hall" in statement]
