"""Handlers are reflected once, at registration; what does not fit is an error that says what to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import pytest

from tests.unit.messages.kinds import COMMANDS
from uow_events import Command, CommandHandler, DomainEvent, EventHandler, HandlerSignatureError
from uow_events.messages import Binding, bind, type_arguments
from uow_events.signatures import UNANNOTATED

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")
E = TypeVar("E", bound=DomainEvent)


@dataclass
class Join(Command[int]):
    seats: int = 1


@dataclass
class Joined(DomainEvent):
    user: str = "Ann"


class Left(DomainEvent): ...


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


class NoHandler: ...


class Abstract(EventHandler[Joined]):
    @abstractmethod
    def more(self) -> None: ...


class Unsaid(EventHandler):  # type: ignore[type-arg]
    async def handle(self, event: Joined) -> None: ...


class StillGeneric(EventHandler[E]):
    async def handle(self, event: E) -> None: ...


class Disagrees(EventHandler[Joined]):
    async def handle(self, event: Left) -> None: ...  # type: ignore[override]


class WrongReturn(CommandHandler[Join, int]):
    async def handle(self, command: Join) -> str: ...  # type: ignore[override,empty-body]


class TakesMore(EventHandler[Joined]):
    async def handle(self, event: Joined, clock: Clock) -> None: ...  # type: ignore[override]


class TakesNothing(EventHandler[Joined]):
    async def handle(self) -> None: ...  # type: ignore[override]


class Yields(EventHandler[Joined]):
    async def handle(self, event: Joined) -> AsyncIterator[int]:  # type: ignore[override]
        yield 1


class NamesNothing(EventHandler[Joined]):
    async def handle(self, event: Joined) -> Decimal: ...  # type: ignore[override,empty-body]


async def takes_nothing() -> None: ...


async def takes_by_keyword(*, event: Joined) -> None: ...


async def says_nothing(event) -> None:  # type: ignore[no-untyped-def]
    ...


async def says_another(event: Left) -> None: ...


async def injects_unsaid(event: Joined, clock) -> None:  # type: ignore[no-untyped-def]
    ...


async def injects_value(event: Joined, retries: int) -> None: ...


async def injects_by_position(event: Joined, clock: Clock, /) -> None: ...


async def names_nothing(event: Joined, price: Decimal) -> None: ...


def yields(event: Joined) -> Iterator[int]:
    yield 1


WHERE = "which does not exist at run time: import it outside of `if TYPE_CHECKING`, and define it at the top of a module"


@pytest.mark.parametrize(
    ("handler", "name", "problem"),
    [
        (3, "int", "it is neither a subclass of EventHandler nor a function"),
        (partial(says_another), "partial", "it is neither a subclass of EventHandler nor a function"),
        (NoHandler, "NoHandler", "it does not derive from EventHandler"),
        (Abstract, "Abstract", "it is abstract (handle, more is not implemented)"),
        (Unsaid, "Unsaid", "it does not say what it handles: derive from EventHandler[...]"),
        (StillGeneric, "StillGeneric", "it does not say what it handles: derive from EventHandler[...]"),
        (Disagrees, "Disagrees", "its handle() says Left, but it handles Joined"),
        (TakesMore, "TakesMore", "its handle() must take the message alone; ask for more in __init__()"),
        (TakesNothing, "TakesNothing", "its handle() must take the message alone; ask for more in __init__()"),
        (Yields, "Yields", "it is a generator, which nobody would run: return in place of yield"),
        (NamesNothing, "NamesNothing", f"its annotations name 'Decimal', {WHERE}"),
        (takes_nothing, "takes_nothing", "it takes no message: its first parameter is the message"),
        (takes_by_keyword, "takes_by_keyword", "it takes no message: its first parameter is the message"),
        (says_nothing, "says_nothing", "its first parameter 'event' does not say which message it takes"),
        (injects_unsaid, "injects_unsaid", "nothing can be injected for 'clock': it has no annotation"),
        (injects_value, "injects_value", "nothing can be injected for 'retries': it is a plain value without a default"),
        (injects_by_position, "injects_by_position", "nothing can be injected for 'clock': it is positional-only"),
        (names_nothing, "names_nothing", f"its annotations name 'Decimal', {WHERE}"),
        (yields, "yields", "it is a generator, which nobody would run: return in place of yield"),
    ],
)
def test_what_is_no_handler_is_refused(handler: Any, name: str, problem: str) -> None:
    with pytest.raises(HandlerSignatureError) as caught:
        bind(handler, EventHandler)
    assert str(caught.value) == f"The handler {name} cannot be registered: {problem}"
    assert caught.value.handler is handler


def test_a_class_whose_return_contradicts_it_is_refused() -> None:
    with pytest.raises(HandlerSignatureError) as caught:
        bind(WrongReturn, CommandHandler)
    assert str(caught.value) == (
        "The handler WrongReturn cannot be registered: its handle() returns str, but its class says int"
    )


@pytest.mark.parametrize(
    ("handler", "message", "problem"),
    [
        (Quick, Left, "The handler Quick cannot be registered: its registration says Left, but it handles Joined"),
        (
            says_another,
            Joined,
            "The handler says_another cannot be registered: its first parameter says Left, but it handles Joined",
        ),
    ],
)
def test_a_registration_that_disagrees_is_refused(handler: Any, message: type, problem: str) -> None:
    with pytest.raises(HandlerSignatureError) as caught:
        bind(handler, EventHandler, message)
    assert str(caught.value) == problem


def test_a_function_may_return_an_awaitable() -> None:
    def later(command: Join) -> Awaitable[int]: ...  # type: ignore[empty-body]

    async def factory(command: Join) -> Callable[[], Awaitable[int]]: ...  # type: ignore[empty-body]

    assert bind(later, CommandHandler).returns is int
    assert bind(factory, CommandHandler).returns == Callable[[], Awaitable[int]]
