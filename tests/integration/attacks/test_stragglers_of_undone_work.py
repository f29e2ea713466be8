"""A task that was started in work which was undone goes on beside the rest: nothing that it does is committed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.integration.conftest import App
from tests.integration.messages import Do, Happened, Inner, Told
from tests.integration.policies import happens, hears, note
from uow_events import FallbackHandler, Mediator, Recorder, UnitOfWork, UnitOfWorkClosedError


class Straggler:
    """Work whose one half fails, while the other goes on once the first has been undone."""

    def __init__(self, other_half: Callable[[], Awaitable[object]]) -> None:
        self._other_half = other_half
        self.undone = asyncio.Event()
        self._task: asyncio.Task[object]

    async def run(self) -> None:
        self._task = asyncio.create_task(self._go_on())
        await asyncio.gather(self._fail(), self._task)

    async def error(self) -> str:
        """Let it go on, and return what it gets."""
        self.undone.set()
        with pytest.raises(UnitOfWorkClosedError) as raised:
            await self._task
        return str(raised.value)

    async def _fail(self) -> None:
        raise KeyError

    async def _go_on(self) -> object:
        await self.undone.wait()
        return await self._other_half()


def refused(what: str, undone: str) -> str:
    return (
        f"{what} was used, but its unit of work has undone {undone}, of which this is a part: await everything that "
        "uses it before the handler returns, or open a unit of work of its own"
    )


@pytest.mark.parametrize(
    "what", ["session.execute()", "record()", "A callback", "A joined send of Inner", "A joined unit_of_work()"]
)
async def test_nothing_of_a_handler_is_committed_after_it_was_undone(app: App, what: str) -> None:
    errors = list[str]()

    async def fails(unit: UnitOfWork) -> None:
        async def other_half() -> None:
            match what:
                case "session.execute()":
                    await note(unit, "late")
                case "record()":
                    unit.record(Told("late"))
                case "A callback":
                    unit.after_commit(lambda: None)
                case "A joined send of Inner":
                    await app.mediator.send(Inner())
                case _:
                    async with app.mediator.unit_of_work():
                        raise AssertionError

        stragglers.append(Straggler(other_half))
        await stragglers[0].run()

    async def later(unit: UnitOfWork) -> None:
        errors.append(await stragglers[0].error())

    stragglers = list[Straggler]()
    hears(app, fails)
    hears(app, later, "rollback")
    assert await happens(app) == "answered"
    assert errors == [refused(what, "fails")]
    await app.assert_nothing_stored()


async def test_nothing_of_a_nested_send_is_committed_after_it_was_undone(app: App) -> None:
    stragglers = list[Straggler]()

    async def inner(unit: UnitOfWork) -> None:
        stragglers.append(Straggler(lambda: note(unit, "late")))
        await stragglers[0].run()

    async def outer(unit: UnitOfWork) -> object:
        with pytest.raises(KeyError):
            await app.mediator.send(Inner(), propagation="nested")
        await note(unit, "outer")
        return await stragglers[0].error()

    app.bodies |= {Do: outer, Inner: inner}
    assert await app.mediator.send(Do()) == refused("session.execute()", "A nested send of Inner")
    assert await app.notes() == ["outer"]


async def test_what_was_undone_may_open_a_unit_of_work_of_its_own(app: App) -> None:
    stragglers, done = list[Straggler](), asyncio.Event()

    async def own() -> None:
        await app.mediator.send(Inner(), propagation="requires_new")
        done.set()

    async def fails(unit: UnitOfWork) -> None:
        stragglers.append(Straggler(own))
        await stragglers[0].run()

    async def later(unit: UnitOfWork) -> None:
        stragglers[0].undone.set()
        await done.wait()

    app.bodies[Inner] = lambda unit: note(unit, "its own")
    hears(app, fails)
    hears(app, later, "rollback")
    async with asyncio.timeout(20):
        await happens(app)
    assert await app.notes() == ["its own"]


async def test_what_was_undone_beside_others_records_nothing_and_leaves_the_session_to_them(app: App) -> None:
    stragglers, errors, undone = list[Straggler](), list[str](), asyncio.Event()

    async def fallback(event: Happened) -> None:
        undone.set()

    @app.registry.event_handler(on_error=FallbackHandler(fallback))
    async def fails(event: Happened, recorder: Recorder) -> None:  # does not hold the session, so has no savepoint
        async def other_half() -> None:
            with pytest.raises(UnitOfWorkClosedError):
                await mediator.send(Inner())
            recorder.record(Told("late"))

        stragglers.append(Straggler(other_half))
        await stragglers[0].run()

    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened())
        return "answered"

    @app.registry.event_handler
    async def later(event: Happened) -> None:
        await undone.wait()
        errors.append(await stragglers[0].error())
        await mediator.send(Inner())

    app.options["max_concurrent_event_handlers"] = 2
    app.bodies[Inner] = lambda unit: note(unit, "a turn of its own")
    mediator: Mediator = app.mediator
    async with asyncio.timeout(20):
        assert await app.run(body) == "answered"
    assert errors == [refused("record()", "fails")]
    assert (await app.notes(), await app.outbox()) == (["a turn of its own"], [])
