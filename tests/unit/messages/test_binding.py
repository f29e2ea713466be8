"""Handlers are reflected once, at registration; what does not fit is an error that says what to do."""

from __future__ import annotations

from abc import ABC
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import pytest

from tests.unit.messages.kinds import COMMANDS
from uow_events import Command, CommandHandler, DomainEvent, EventHandler
from uow_events.messages import Binding, bind, type_arguments
from uow_events.signatures import UNANNOTATED

T = TypeVar("T")
E = TypeVar("E", bound=DomainEvent)


@dataclass
class Join(Command[int]):
    seats: int = 1


@dataclass
class Joined(DomainEvent):
    user: str = "Ann"


class Clock: ...


@dataclass
class Shelf:
    """A container of what it was given."""

    things: dict[Any, Any]

    def resolve(self, dependency: type[T]) -> T:
        return cast("T", self.things[dependency]())


class JoinHandler(CommandHandler[Join, int]):
    async def handle(self, command: Join, /) -> int:
        return command.seats


class Based(EventHandler[E], ABC):
    async def handle(self, event: E, /) -> None: ...


class Concrete(Based[Joined]): ...


class Two(Generic[T, E]): ...


class Swapped(Two[T, E], EventHandler[E], ABC): ...


class Found(Swapped[int, Joined]):
    async def handle(self, event, /):  # type: ignore[no-untyped-def]
        ...


class Quick(EventHandler[Joined]):
    def handle(self, event: Joined) -> str:  # type: ignore[override]
        return event.user


def test_a_class_handler_says_what_it_takes_and_returns() -> None:
    assert bind(JoinHandler, CommandHandler) == Binding(JoinHandler, Join, (), int)
    assert bind(JoinHandler, CommandHandler).name == "JoinHandler"


@pytest.mark.parametrize("handler", [Concrete, Found])
def test_what_a_class_handles_is_found_through_generic_bases(handler: type[Any]) -> None:
    assert bind(handler, EventHandler).message_type is Joined


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_the_response_type_is_found_on_every_kind_of_command(kind: type[Any]) -> None:
    assert type_arguments(kind, Command) == (int,)


def test_a_class_without_type_arguments_has_none() -> None:
    class Plain(Command): ...

    assert type_arguments(Plain, Command) == ()


async def test_a_class_handler_is_resolved_and_called() -> None:
    assert await bind(JoinHandler, CommandHandler).call(Join(3), Shelf({JoinHandler: JoinHandler})) == 3
    assert await bind(Quick, EventHandler).call(Joined(), Shelf({Quick: Quick})) == "Ann"


async def test_a_function_gets_the_message_and_its_further_parameters() -> None:
    async def handle(event: Joined, clock: Clock, retries: int = 3, *rest: object, **more: object) -> tuple[Any, ...]:
        return event, clock, retries, rest, more

    binding = bind(handle, EventHandler)
    clock = Clock()
    assert [parameter.name for parameter in binding.injected] == ["clock", "retries"]
    event = Joined()
    assert await binding.call(event, Shelf({Clock: lambda: clock, int: lambda: 5})) == (event, clock, 5, (), {})


async def test_a_method_and_a_plain_function_are_handlers_too() -> None:
    class Service:
        def heard(self, event: Joined) -> str:
            return event.user

    assert await bind(Service().heard, EventHandler).call(Joined("Bob"), Shelf({})) == "Bob"


def test_the_registration_may_say_what_an_unannotated_function_takes() -> None:
    async def handle(command):  # type: ignore[no-untyped-def]
        ...

    assert bind(handle, CommandHandler, Join) == Binding(handle, Join, (), UNANNOTATED)


async def test_a_constructors_own_error_passes() -> None:
    def broken() -> Any:
        raise TypeError("mine")

    with pytest.raises(TypeError, match="^mine$"):
        await bind(JoinHandler, CommandHandler).call(Join(), Shelf({JoinHandler: broken}))


def test_a_function_may_return_an_awaitable() -> None:
    def later(command: Join) -> Awaitable[int]: ...  # type: ignore[empty-body]

    async def factory(command: Join) -> Callable[[], Awaitable[int]]: ...  # type: ignore[empty-body]

    assert bind(later, CommandHandler).returns is int
    assert bind(factory, CommandHandler).returns == Callable[[], Awaitable[int]]
