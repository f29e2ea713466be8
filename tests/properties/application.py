"""The real thing: a mediator whose handlers do what scripts say."""

from datetime import timedelta
from typing import Any

from lagom import Container
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.properties.messages import ATTEMPTS, Announced, Happened, Passed, Run, RunAgain, RunOnce, Tried, TriedFirst
from tests.properties.running import Following, Held, Running, Trace
from tests.properties.steps import Conflict, Script
from uow_events import (
    CommandHandler,
    EventHandler,
    FallbackHandler,
    Mediator,
    MessageContext,
    Outbox,
    Registry,
    RetryPolicy,
    TransactionOptions,
    UnitOfWork,
)

handlers = Registry()


class Application:
    """Sends scripts, or follows them in a unit of work opened by hand; answers with their path."""

    def __init__(self, engine: AsyncEngine, **options: Any) -> None:
        self.done = Trace()
        container = Container()
        container[Application] = self
        container[Trace] = self.done
        self.mediator = Mediator(
            engine, handlers, container=container, scoped=[Held], notifications=Outbox(), **options
        )

    async def send(self, path: str, script: Script) -> str:
        return await self.mediator.send(Run(path, script))

    async def send_once(self, path: str, script: Script, key: str) -> str:
        return await self.mediator.send(RunOnce(path, script), idempotency_key=key)

    async def send_with_retries(self, path: str, script: Script, conflicts: int) -> str:
        return await self.mediator.send(RunAgain(path, script, conflicts))

    async def open(self, path: str, script: Script) -> str:
        async with self.mediator.unit_of_work() as unit:
            await Running(path, self.done, None, unit, self.mediator).opened().follow(script)
        return path


@handlers.command_handler
class Runs(CommandHandler[Run, str]):
    def __init__(self, done: Trace, unit: UnitOfWork, mediator: Mediator) -> None:
        self.here = done, self, unit, mediator

    async def handle(self, command: Run) -> str:
        await Running(command.path, *self.here).opened().follow(command.script)
        return command.path


@handlers.command_handler
async def run_once(command: RunOnce, done: Trace, unit: UnitOfWork, mediator: Mediator) -> str:
    await Running(command.path, done, None, unit, mediator).opened().follow(command.script)
    return command.path


RETRY = RetryPolicy(attempts=ATTEMPTS, initial_wait=timedelta(), max_wait=timedelta(), jitter=timedelta())


@handlers.command_handler(transaction=TransactionOptions(retry=RETRY))
async def run_again(
    command: RunAgain, done: Trace, unit: UnitOfWork, mediator: Mediator, context: MessageContext
) -> str:
    path = f"{command.path}.{context.attempt}"  # of each attempt its own, for what outlives it
    script = (*command.script, Conflict()) if context.attempt <= command.conflicts else command.script
    await Running(path, done, None, unit, mediator).opened().follow(script)
    return path


@handlers.event_handler
class FollowsUp(EventHandler[Happened]):
    def __init__(self, done: Trace, unit: UnitOfWork, mediator: Mediator) -> None:
        self.here = done, self, unit, mediator

    async def handle(self, event: Happened) -> None:
        await Running(f"{event.path}.a", *self.here).follow(event.script)


@handlers.event_handler
class FollowsUpWithoutSession(EventHandler[Happened]):
    def __init__(self, done: Trace) -> None:
        self.done = done

    async def handle(self, event: Happened) -> None:
        await Following(f"{event.path}.b", self.done, self).follow(event.beside)


@handlers.event_handler
async def hear(event: Announced, done: Trace, unit: UnitOfWork, mediator: Mediator) -> None:
    await Running(f"{event.path}.c", done, None, unit, mediator).follow(event.script)


@handlers.event_handler(phase="after_commit")
async def hear_later(event: Passed, done: Trace, unit: UnitOfWork, mediator: Mediator) -> None:
    await Running(f"{event.path}.d", done, None, unit, mediator).opened().follow(event.script)


@handlers.event_handler(on_error="continue")
async def hear_if_possible(event: Tried, done: Trace, unit: UnitOfWork, mediator: Mediator) -> None:
    await Running(f"{event.path}.e", done, None, unit, mediator).follow(event.script)


@handlers.event_handler(on_error="continue")
class HearsIfPossibleWithoutSession(EventHandler[Tried]):
    def __init__(self, done: Trace) -> None:
        self.done = done

    async def handle(self, event: Tried) -> None:
        await Following(f"{event.path}.f", self.done, self).follow(event.beside)


async def hear_instead(event: TriedFirst, done: Trace, unit: UnitOfWork, mediator: Mediator) -> None:
    await Running(f"{event.path}.h", done, None, unit, mediator).follow(event.otherwise)


@handlers.event_handler(on_error=FallbackHandler(hear_instead))
async def hear_first(event: TriedFirst, done: Trace, unit: UnitOfWork, mediator: Mediator) -> None:
    await Running(f"{event.path}.g", done, None, unit, mediator).follow(event.script)
