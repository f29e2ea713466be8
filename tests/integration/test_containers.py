"""Commands whose handlers another container than Lagom builds, against PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from dishka import Provider, Scope, make_container
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tests.integration.conftest import App
from tests.integration.messages import Happened, Inner
from tests.models import Note
from uow_events import (
    Command,
    CommandHandler,
    EventHandler,
    InvalidArgumentError,
    Mediator,
    MessageContext,
    Recorder,
    Registry,
    Resolver,
    UnitOfWork,
    UnresolvableDependencyError,
)
from uow_events.integrations.dishka import DishkaResolver, unit_of_work_provider

T = TypeVar("T")


@dataclass(frozen=True)
class Write(Command[str]):
    text: str
    fails: bool = False


class Log:
    """A resource of one unit of work, which its factory ends."""

    def __init__(self, context: MessageContext) -> None:
        self.context = context


class Notes:
    def __init__(self, session: AsyncSession, log: Log) -> None:
        self.session = session
        self.log = log

    def add(self, text: str) -> None:
        self.session.add(Note(text=text))


class WriteHandler(CommandHandler[Write, str]):
    def __init__(self, notes: Notes, log: Log, mediator: Mediator) -> None:
        self.notes, self.log, self.mediator = notes, log, mediator

    async def handle(self, command: Write) -> str:
        assert self.notes.log is self.log
        self.notes.add(command.text)
        self.record(Happened(command.text))
        await self.mediator.send(Inner(command.text))
        if command.fails:
            raise ValueError("fails")
        return str(self.log.context.message_id)


class HappenedHandler(EventHandler[Happened]):
    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    async def handle(self, event: Happened) -> None:
        self.notes.add(f"{event.name} happened")


async def inner(command: Inner, notes: Notes, recorder: Recorder, unit: UnitOfWork) -> None:
    assert notes.session is unit.session
    notes.add(f"{command.what} within")
    recorder.record(Happened(f"{command.what} within"))


class Logs(Provider):
    """What opens and ends logs; `fails` ends them with an error."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__(scope=Scope.REQUEST)
        self.ended: list[str] = []
        self.fails = fails
        self.provide(Notes)
        self.provide(self.log)

    def log(self, context: MessageContext) -> Iterator[Log]:
        yield Log(context)
        self.ended.append(str(context.message_id))
        if self.fails:
            raise OSError("full")


def mediator_of(app: App, logs: Logs) -> Mediator:
    registry = Registry()
    registry.command_handler(WriteHandler)
    registry.command_handler(Inner)(inner)
    registry.event_handler(HappenedHandler)
    container = DishkaResolver(make_container(unit_of_work_provider(), logs))
    return Mediator(app.engine, registry, container=container)


async def test_dishka_builds_handlers_in_the_transaction_and_ends_what_it_built_after_it(app: App) -> None:
    logs = Logs()
    message_id = await mediator_of(app, logs).send(Write("a"))
    assert await app.notes() == ["a", "a within", "a happened", "a within happened"]
    assert logs.ended == [message_id]


async def test_with_dishka_an_error_rolls_everything_back_and_ends_what_was_built(app: App) -> None:
    logs = Logs()
    with pytest.raises(ValueError, match="fails"):
        await mediator_of(app, logs).send(Write("a", fails=True))
    await app.assert_nothing_stored()
    assert len(logs.ended) == 1


async def test_a_finalizer_of_dishka_that_fails_changes_no_outcome(app: App, caplog: pytest.LogCaptureFixture) -> None:
    logs = Logs(fails=True)
    assert await mediator_of(app, logs).send(Write("a"))
    assert len(await app.notes()) == 4
    assert "full" in caplog.text


async def test_concurrent_sends_with_dishka_have_scopes_of_their_own(app: App) -> None:
    logs = Logs()
    mediator = mediator_of(app, logs)
    sent = await asyncio.gather(*(mediator.send(Write(str(number))) for number in range(3)))
    assert sorted(logs.ended) == sorted(sent)
    assert len(set(sent)) == 3


class OwnResolver:
    """The least that a Resolver may be: it knows the unit's objects and handlers without parameters."""

    def __init__(self, instances: Mapping[type, object]) -> None:
        self.instances = instances

    def resolve(self, dependency: type[T]) -> T:
        found: Any = self.instances.get(dependency) or dependency()
        return found

    def child(self, instances: Mapping[type, object]) -> Resolver:
        return OwnResolver(instances)


async def test_a_resolver_of_the_users_own_works_without_being_inspected(app: App) -> None:
    async def write(command: Inner, session: AsyncSession, mediator: Mediator) -> Mediator:
        session.add(Note(text=command.what))
        return mediator

    registry = Registry()
    registry.command_handler(Inner)(write)
    mediator = Mediator(app.engine, registry, container=OwnResolver({}))
    assert await mediator.send(Inner("a")) is mediator
    assert await app.notes() == ["a"]


async def test_what_a_foreign_resolver_cannot_build_rolls_back(app: App) -> None:
    class Missing:
        def __init__(self, name: str) -> None: ...

    async def write(command: Inner, session: AsyncSession, unit: UnitOfWork) -> None:
        session.add(Note(text=command.what))
        unit.resolve(Missing)

    registry = Registry()
    registry.command_handler(Inner)(write)
    mediator = Mediator(app.engine, registry, container=DishkaResolver(make_container()))
    with pytest.raises(UnresolvableDependencyError, match="^str cannot be resolved"):
        await mediator.send(Inner("a"))
    await app.assert_nothing_stored()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"container": 3},
            "The argument container must be a lagom.Container or a Resolver, and is a int",
        ),
        (
            {"container": DishkaResolver},
            "The argument container must be a lagom.Container or a Resolver, and is the class DishkaResolver",
        ),
        (
            {"container": OwnResolver({}), "scoped": [Notes]},
            "The argument scoped must be left out where the container is a OwnResolver, which has lifetimes of its own",
        ),
    ],
)
def test_what_cannot_be_a_container_is_refused(engine: AsyncEngine, options: Any, text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Mediator(engine, Registry(), **options)
    assert str(caught.value) == text
