from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pytest

from tests.unit.messages.kinds import COMMANDS
from uow_events import (
    Command,
    CommandHandler,
    DomainEvent,
    DuplicateHandlerError,
    EventHandler,
    HandlerNotFoundError,
    HandlerSignatureError,
    NotAMessageError,
    Registry,
)

T = TypeVar("T")


@dataclass
class Join(Command[int]): ...


@dataclass
class Close(Command): ...


class Find(Command[int | None]): ...


@dataclass
class Create(Command[int], Generic[T]):
    value: T


class Joined(DomainEvent): ...


class JoinHandler(CommandHandler[Join, int]):
    async def handle(self, command: Join) -> int:
        return 1


class Attend(EventHandler[Joined]):
    async def handle(self, event: Joined) -> None: ...


async def close(command: Close) -> None: ...


async def unsaid(command):  # type: ignore[no-untyped-def]
    ...


async def note(event: Joined) -> None: ...


async def find(command: Find) -> int:
    return 1


async def create(command: Create[str]) -> int:
    return 1


def test_decorators_return_what_they_decorate() -> None:
    registry = Registry()
    for decorate, handler in (
        (registry.command_handler, JoinHandler),
        (registry.command_handler, close),
        (registry.event_handler, Attend),
        (registry.event_handler, note),
        (registry.event_handler(Joined), unsaid),
        (registry.command_handler(Find), find),
    ):
        assert decorate(handler) is handler  # type: ignore[operator]


def test_a_registry_knows_its_handlers() -> None:
    registry = Registry()
    for command in (JoinHandler, close, find, create):
        registry.command_handler(command)
    for event in (Attend, note):
        registry.event_handler(event)
    assert [binding.name for binding in registry] == ["JoinHandler", "close", "find", "create", "Attend", "note"]
    assert registry.handler_of(Join).binding.handler is JoinHandler
    assert registry.handler_of(Create).binding.handler is create
    assert [binding.handler for binding in registry.event_map.handlers_of(Joined)] == [Attend, note]


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_command_has_its_response_checked(kind: type[Any]) -> None:
    async def right(command) -> int: ...  # type: ignore[no-untyped-def,empty-body]

    async def wrong(command) -> str: ...  # type: ignore[no-untyped-def,empty-body]

    registry = Registry()
    with pytest.raises(HandlerSignatureError) as caught:
        registry.command_handler(kind)(wrong)
    assert str(caught.value) == (
        f"The handler wrong cannot be registered: it returns str, but {kind.__name__} is a Command[int]"
    )
    registry.command_handler(kind)(right)
    assert registry.handler_of(kind).binding.handler is right


def test_a_plain_command_returns_nothing() -> None:
    async def wrong(command: Close) -> int: ...  # type: ignore[empty-body]

    with pytest.raises(HandlerSignatureError) as caught:
        Registry().command_handler(wrong)
    assert str(caught.value) == (
        "The handler wrong cannot be registered: it returns int, but Close is a Command[NoneType]"
    )


def test_a_class_whose_response_is_not_its_commands_is_refused() -> None:
    class Wrong(CommandHandler[Join, str]):
        async def handle(self, command: Join) -> str:
            return "one"

    with pytest.raises(HandlerSignatureError) as caught:
        Registry().command_handler(Wrong)
    assert str(caught.value) == ("The handler Wrong cannot be registered: it returns str, but Join is a Command[int]")


async def takes_int(command: int) -> None: ...


async def takes_either(command: Join | Close) -> None: ...


@pytest.mark.parametrize("handler", [takes_int, takes_either, note])
def test_a_handler_of_no_command_is_refused(handler: Any) -> None:
    with pytest.raises(HandlerSignatureError) as caught:
        Registry().command_handler(handler)
    assert str(caught.value) == (f"The handler {handler.__name__} cannot be registered: what it takes is no Command")


def test_a_command_has_one_handler() -> None:
    async def other(command: Join) -> int: ...  # type: ignore[empty-body]

    registry = Registry()
    registry.command_handler(JoinHandler)
    with pytest.raises(DuplicateHandlerError) as caught:
        registry.command_handler(other)
    assert str(caught.value) == "Join is already handled by JoinHandler; other cannot be registered for it too"
    assert (caught.value.first, caught.value.second) == (JoinHandler, other)


def test_an_event_handler_is_registered_once_per_event() -> None:
    registry = Registry()
    registry.event_handler(note)
    with pytest.raises(DuplicateHandlerError):
        registry.event_handler(note)


def test_a_command_that_nothing_handles_is_an_error() -> None:
    with pytest.raises(HandlerNotFoundError) as caught:
        Registry().handler_of(Join)
    assert caught.value.message is Join


def test_what_is_no_command_is_an_error() -> None:
    with pytest.raises(NotAMessageError) as caught:
        Registry().handler_of(Joined)
    assert str(caught.value) == (
        "the class Joined is not a Command or Query; derive its class from it and pass an instance"
    )


def test_registries_of_modules_are_joined() -> None:
    whole, commands, events = Registry(), Registry(), Registry()
    commands.command_handler(JoinHandler)
    events.event_handler(Attend)
    whole.event_handler(note)
    whole.include(commands)
    whole.include(events)
    assert [binding.name for binding in whole] == ["JoinHandler", "note", "Attend"]
    for other in (commands, events):
        with pytest.raises(DuplicateHandlerError):
            whole.include(other)
