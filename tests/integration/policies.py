"""Event handlers with failure policies, and commands run as a joined send runs them."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from tests.integration.conftest import App, Body
from tests.integration.messages import Happened, Inner
from uow_events import CommandHandler, FallbackHandler, UnitOfWork
from uow_events.mediator.handling.failure_policy import run_with_policy
from uow_events.messages import Binding, HandlerOptions, Invocation, OnError, bind, with_options

CONFLICT = "DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$"
BROKEN = "SELECT 1 / 0"


class Policies:
    """Runs one handler under its policy."""

    def __init__(self, unit: UnitOfWork, with_session: bool = True) -> None:
        self.unit = unit
        self.with_session = with_session

    async def run(self, binding: Binding, message: object, invocation: Invocation) -> Any:
        async def call(binding: Binding, _: Invocation) -> Any:
            return await binding.call(message, self.unit)

        return await run_with_policy(binding, invocation, call, unit=self.unit, with_session=self.with_session)


def hears(app: App, body: Body, on_error: OnError = "continue", **options: Any) -> None:
    """Let an event handler of Happened be `body`, with a policy."""

    async def handler(event: Happened, unit: UnitOfWork) -> None:
        await body(unit)

    handler.__qualname__ = body.__name__
    app.registry.event_handler(Happened, on_error=on_error, **options)(handler)


def falls_back_to(body: Body, **options: Any) -> FallbackHandler:
    async def handler(event: Happened, unit: UnitOfWork) -> None:
        await body(unit)

    handler.__qualname__ = body.__name__
    return FallbackHandler(handler, **options)


async def happens(app: App) -> object:
    """Send a command that records Happened and answers "answered"."""

    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened())
        return "answered"

    return await app.run(body)


async def handled(unit: UnitOfWork, handler: Callable[..., Any], with_session: bool = True, **options: Any) -> object:
    """Run a handler of the command Inner with a policy, as a joined send would."""
    binding = with_options(bind(handler, CommandHandler, Inner), HandlerOptions(**options), CommandHandler)
    with Invocation("Inner", binding.name, unit.sink) as invocation:
        return await Policies(unit, with_session).run(binding, Inner(), invocation)


async def execute(unit: UnitOfWork, sql: str) -> None:
    await unit.session.execute(text(sql))


async def note(unit: UnitOfWork, content: str) -> None:
    """Store a note by Core, so that a statement is sent at once."""
    await unit.session.execute(text("INSERT INTO note (text) VALUES (:content)"), {"content": content})
