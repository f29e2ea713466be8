"""Two mediators that send into each other: what was done in one's transaction by way of the other is not forgotten."""

import pytest

from tests.integration.conftest import App
from tests.integration.messages import Do, Happened, Inner, Told
from tests.integration.policies import happens
from uow_events import Recorder, UnitOfWork


async def test_a_handler_that_fails_takes_along_what_joined_by_way_of_another_mediator(app: App) -> None:
    other, ran = App(app.engine), list[str]()

    async def joins(unit: UnitOfWork) -> None:
        unit.record(Told("by way of the other"))
        unit.after_commit(lambda: ran.append("called"))

    @app.registry.event_handler(on_error="continue")
    async def fails(event: Happened) -> None:  # does not hold the session, so cannot undo what reached it
        await other.mediator.send(Do())
        raise KeyError

    app.options["max_concurrent_event_handlers"] = 2
    app.bodies[Inner] = joins
    other.bodies[Do] = lambda _: app.mediator.send(Inner())
    with pytest.raises(KeyError):
        await happens(app)
    assert ran == []
    await app.assert_nothing_stored()


async def test_a_handler_that_fails_takes_along_what_others_recorded_with_its_recorder(app: App) -> None:
    other, recorders = App(app.engine), list[Recorder]()

    async def records(unit: UnitOfWork) -> None:
        recorders[0].record(Told("in the other's handler"))

    @app.registry.event_handler(on_error="continue")
    async def fails(event: Happened, recorder: Recorder) -> None:
        recorders.append(recorder)
        await other.mediator.send(Do())
        raise KeyError

    app.options["max_concurrent_event_handlers"] = 2
    other.bodies[Do] = records
    assert await happens(app) == "answered"
    await app.assert_nothing_stored()
