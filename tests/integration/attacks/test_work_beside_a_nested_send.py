"""What runs beside a nested send is not undone with it, and what a savepoint would undo is not answered as done."""

import asyncio
from contextlib import suppress

import pytest

from tests.integration.conftest import App
from tests.integration.messages import Inner, Told
from tests.integration.policies import note
from uow_events import RollbackOnlyError, SessionOwnershipError, UnitOfWork


class NestedSend:
    """A nested send that fails once it is told to, running beside the handler that sent it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._begun, self._fails = asyncio.Event(), asyncio.Event()
        app.bodies[Inner] = self._inner

    async def _inner(self, unit: UnitOfWork) -> object:
        await note(unit, "undone")
        self._begun.set()
        await self._fails.wait()
        raise KeyError

    async def begun(self) -> asyncio.Task[object]:
        task = asyncio.create_task(self._app.mediator.send(Inner(), propagation="nested"))
        await self._begun.wait()
        return task

    async def end(self, task: asyncio.Task[object]) -> None:
        self._fails.set()
        with pytest.raises(KeyError):
            await task


async def test_a_statement_beside_a_nested_send_is_refused_and_not_undone_in_silence(app: App) -> None:
    nested = NestedSend(app)

    async def body(unit: UnitOfWork) -> object:
        task = await nested.begun()
        with pytest.raises(SessionOwnershipError) as raised:
            await note(unit, "mine")
        await nested.end(task)
        await note(unit, "mine, afterwards")
        return str(raised.value)

    assert await app.run(body) == (
        "session.execute() was called on a session while A nested send of Inner is still running on it in another "
        "task: await one after the other, or give the second task a unit of work of its own"
    )
    assert await app.notes() == ["mine, afterwards"]


async def test_what_is_recorded_beside_a_nested_send_stays_when_that_is_undone(app: App) -> None:
    nested, ran = NestedSend(app), list[str]()

    async def body(unit: UnitOfWork) -> object:
        task = await nested.begun()
        unit.record(Told("mine"))
        unit.after_commit(lambda: ran.append("mine"))
        await nested.end(task)
        return None

    await app.run(body)
    assert (await app.outbox(), ran) == (["mine"], ["mine"])


async def test_two_nested_sends_beside_one_another_are_refused(app: App) -> None:
    nested = NestedSend(app)

    async def body(unit: UnitOfWork) -> object:
        task = await nested.begun()
        with pytest.raises(SessionOwnershipError, match="while A nested send of Inner is still running"):
            await app.mediator.send(Inner(), propagation="nested")
        await nested.end(task)
        return "the rest"

    assert await app.run(body) == "the rest"
    await app.assert_nothing_stored()


async def test_a_joined_send_that_fails_beside_a_nested_one_rolls_everything_back(app: App) -> None:
    """The nested one's savepoint undoes only half of what the joined one did."""
    nested = NestedSend(app)
    half, fails = asyncio.Event(), asyncio.Event()

    async def joined() -> None:
        async with app.mediator.unit_of_work() as unit:
            await note(unit, "half")
            half.set()
            await fails.wait()
            raise ValueError

    async def body(unit: UnitOfWork) -> object:
        first = asyncio.create_task(joined())
        await half.wait()
        second = await nested.begun()
        fails.set()
        with suppress(ValueError):
            await first
        await nested.end(second)
        return "success"

    with pytest.raises(RollbackOnlyError, match="A joined unit_of_work"):
        await app.run(body)
    await app.assert_nothing_stored()
