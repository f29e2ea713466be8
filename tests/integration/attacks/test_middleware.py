"""What a middleware does to a send is done to its transaction, too: nothing is committed that was not answered."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from tests.integration.conftest import App
from tests.integration.messages import Do, Inner, Told
from tests.integration.policies import note
from uow_events import (
    CallNext,
    HandlerContext,
    MiddlewareError,
    Propagation,
    RollbackOnlyError,
    SendContext,
    SessionOwnershipError,
    UnitOfWork,
    UnitOfWorkClosedError,
)


async def refuses_afterwards(context: SendContext, call_next: CallNext) -> Any:
    answer = await call_next()
    if context.is_joined:
        raise PermissionError
    return answer


def sends_inside(app: App, propagation: Propagation) -> None:
    """Let the command write and tell something after an inner one that did, whose PermissionError it catches."""

    async def outer(unit: UnitOfWork) -> object:
        with suppress(PermissionError):
            await app.mediator.send(Inner(), propagation=propagation)
        await note(unit, "outer")
        return "the rest"

    async def inner(unit: UnitOfWork) -> None:
        await note(unit, "inner")
        unit.record(Told("inner"))

    app.bodies |= {Do: outer, Inner: inner}


async def test_a_joined_send_that_a_middleware_fails_afterwards_rolls_everything_back(app: App) -> None:
    app.options["middleware"] = [refuses_afterwards]
    sends_inside(app, "join")
    with pytest.raises(RollbackOnlyError, match="A joined send of Inner failed"):
        await app.mediator.send(Do())
    await app.assert_nothing_stored()


async def test_a_nested_send_that_a_middleware_fails_afterwards_is_undone(app: App) -> None:
    app.options["middleware"] = [refuses_afterwards]
    sends_inside(app, "nested")
    assert await app.mediator.send(Do()) == "the rest"
    assert (await app.notes(), await app.outbox()) == (["outer"], [])


async def test_a_nested_send_whose_error_a_middleware_catches_is_undone_as_well(app: App) -> None:
    async def answers(context: SendContext, call_next: CallNext) -> Any:
        with suppress(ZeroDivisionError):
            return await call_next()
        return "instead"

    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Inner(), propagation="nested")

    async def inner(unit: UnitOfWork) -> object:
        await note(unit, "inner")
        return 1 // 0

    app.options["middleware"] = [answers]
    app.bodies |= {Do: outer, Inner: inner}
    assert await app.mediator.send(Do()) == "instead"
    await app.assert_nothing_stored()


async def test_a_handler_that_its_middleware_does_not_wait_for_is_not_committed_by_half(app: App) -> None:
    half, goes_on, tasks = asyncio.Event(), asyncio.Event(), list[asyncio.Task[Any]]()

    async def impatient(context: HandlerContext, call_next: CallNext) -> Any:
        tasks.append(asyncio.ensure_future(call_next()))
        await half.wait()
        return "in time"

    async def body(unit: UnitOfWork) -> object:
        await note(unit, "half")
        half.set()
        await goes_on.wait()
        return await note(unit, "the other half")

    app.options["handler_middleware"] = [impatient]
    with pytest.raises(MiddlewareError, match="answered while call_next"):
        await app.run(body)
    goes_on.set()
    with pytest.raises(UnitOfWorkClosedError):
        await tasks[0]
    await app.assert_nothing_stored()


async def test_no_commit_passes_a_joined_send_that_is_still_in_its_middleware(app: App) -> None:
    waits, goes_on, tasks = asyncio.Event(), asyncio.Event(), list[asyncio.Task[Any]]()

    async def slow(context: SendContext, call_next: CallNext) -> Any:
        if context.is_joined:
            waits.set()
            await goes_on.wait()
        return await call_next()

    async def outer(unit: UnitOfWork) -> object:
        tasks.append(asyncio.create_task(app.mediator.send(Inner())))
        return await waits.wait()

    async def inner(unit: UnitOfWork) -> object:
        raise AssertionError

    app.options["middleware"] = [slow]
    app.bodies |= {Do: outer, Inner: inner}
    with pytest.raises(SessionOwnershipError, match="while A joined send of Inner is still running"):
        await app.mediator.send(Do())
    goes_on.set()
    with pytest.raises(UnitOfWorkClosedError) as raised:
        await tasks[0]
    assert str(raised.value) == (
        "A joined send of Inner was used, but its unit of work has ended: await everything that uses it before the "
        "handler returns, or open a unit of work of its own"
    )


async def test_a_block_that_joined_is_not_entered_after_the_end(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        return app.mediator.unit_of_work()

    block: Any = await app.run(body)
    with pytest.raises(
        UnitOfWorkClosedError, match=r"A joined unit_of_work\(\) was used, but its unit of work has ended"
    ):
        await block.__aenter__()
