"""What a middleware around a handler is told."""

from contextlib import suppress

from tests.integration.conftest import App
from tests.integration.messages import Do, Followed, Happened
from uow_events import EventHandler, HandlerContext, UnitOfWork
from uow_events.messages import Invocation, bind, running_invocation


def hears(event: Happened) -> None: ...


def running() -> Invocation:
    invocation = running_invocation()
    assert invocation is not None
    return invocation


async def test_it_tells_handler_message_unit_and_path_and_what_was_recorded(app: App) -> None:
    seen: list[HandlerContext] = []

    @app.registry.event_handler
    async def handle(event: Happened, unit: UnitOfWork) -> None:
        context = HandlerContext(bind(hears, EventHandler), event, unit, running())
        assert context.recorded == ()
        unit.record(Followed("kept"))
        with suppress(KeyError):
            async with unit.session.begin_nested():
                unit.record(Followed("undone"))
                raise KeyError
        assert context.recorded == (Followed("kept"),)
        seen.append(context)

    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened("a"))
        return unit

    app.options["unhandled_events"] = "ignore"
    unit = await app.run(body)
    (context,) = seen
    assert (context.handler, context.name, context.message) == (hears, "hears", Happened("a"))
    assert context.unit_of_work is unit
    assert context.message_context is context.unit_of_work.context
    assert context.path == ("Do", "Happened")
    assert Do.__name__ == context.path[0]
