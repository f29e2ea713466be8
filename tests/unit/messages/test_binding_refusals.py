"""What is no handler is refused at registration, with what to do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from uow_events import Command, CommandHandler, DomainEvent, EventHandler, HandlerSignatureError
from uow_events.messages import bind

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


class Quick(EventHandler[Joined]):
    def handle(self, event: Joined) -> str:  # type: ignore[override]
        return event.user


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


WHERE = (
    "which does not exist at run time: import it outside of `if TYPE_CHECKING`, and define it at the top of a module"
)


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
        (
            injects_value,
            "injects_value",
            "nothing can be injected for 'retries': it is a plain value without a default",
        ),
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
