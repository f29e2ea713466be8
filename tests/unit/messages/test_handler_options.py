"""What a registration may say about how its handler runs, and what it may not."""

from typing import Any

import pytest

from uow_events import (
    Command,
    CommandHandler,
    DomainEvent,
    EventHandler,
    EventMap,
    FallbackHandler,
    HandlerSignatureError,
    InvalidArgumentError,
)
from uow_events.messages import Binding, HandlerOptions, bind, with_options


class Happened(DomainEvent): ...


class Other(DomainEvent): ...


class Ask(Command[int]): ...


async def first(event: Happened) -> None: ...


async def second(event: Happened) -> None: ...


async def any_event(event: DomainEvent) -> None: ...


async def other_event(event: Other) -> None: ...


async def unannotated(event) -> None: ...  # type: ignore[no-untyped-def]


async def answers(command: Ask) -> int:
    return 1


async def answers_text(command: Ask) -> str:
    return ""


class Answers(CommandHandler[Ask, int]):
    async def handle(self, command: Ask) -> int:
        return 2


class Breaker:
    async def begin(self) -> None: ...


OF_ITS_OWN = 'left out in phase="after_commit", where the handler runs in a unit of work of its own'


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"on_error": "ignore"},
            "on_error must be 'rollback', 'continue' or an instance of FallbackHandler, and is 'ignore'",
        ),
        (
            {"on_error": FallbackHandler},
            "on_error must be 'rollback', 'continue' or an instance of FallbackHandler, and is "
            "<class 'uow_events.messages.fallback_handler.FallbackHandler'>",
        ),
        ({"records": Happened}, f"records must be a tuple of event classes, and is {Happened!r}"),
        ({"records": (Happened, Ask)}, f"records must be a tuple of event classes, and is {(Happened, Ask)!r}"),
        ({"phase": "later"}, "phase must be 'in_transaction' or 'after_commit', and is 'later'"),
        ({"inner_commit": True}, "inner_commit must be 'refuse' or 'flush', and is True"),
        ({"phase": "after_commit", "on_error": "continue"}, f"on_error must be {OF_ITS_OWN} and its failure is logged"),
        (
            {"phase": "after_commit", "on_error": FallbackHandler(second)},
            f"on_error must be {OF_ITS_OWN} and its failure is logged",
        ),
        ({"phase": "after_commit", "inner_commit": "flush"}, f"inner_commit must be {OF_ITS_OWN}"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        HandlerOptions(**options)
    assert str(raised.value) == f"The argument {message}"


@pytest.mark.parametrize("when", [ValueError, (), [ValueError], (ValueError, BaseException), ("ValueError",)])
def test_when_is_a_tuple_of_exception_classes(when: Any) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        FallbackHandler(first, when=when)
    wanted = f"a tuple of classes that derive from Exception, and is {when!r}"
    assert str(raised.value) == f"The argument when must be {wanted}"


@pytest.mark.parametrize("breaker", [Breaker, 5])
def test_a_circuit_breaker_is_an_object_that_lets_runs_begin(breaker: Any) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        FallbackHandler(first, circuit_breaker=breaker)
    assert str(raised.value) == f"The argument circuit_breaker must be a CircuitBreaker, and is {breaker!r}"
    FallbackHandler(first, circuit_breaker=Breaker())


def test_a_binding_has_its_options_and_its_fallback() -> None:
    policy = FallbackHandler(any_event)
    binding = EventMap().register(
        first, options=HandlerOptions(on_error=policy, inner_commit="flush", records=(Other,))
    )
    assert binding.options.on_error is policy
    assert binding.fallback is not None
    assert binding.fallback.handler is any_event
    assert binding.fallback.options == HandlerOptions(inner_commit="flush", records=(Other,))
    assert EventMap().register(first).fallback is None


def test_a_fallback_may_be_a_class_where_the_first_is_a_function() -> None:
    binding = command(answers, FallbackHandler(Answers))
    assert binding.fallback is not None
    assert binding.fallback.handler is Answers


def command(handler: Any, on_error: Any, **options: Any) -> Binding:
    return with_options(bind(handler, CommandHandler), HandlerOptions(on_error=on_error, **options), CommandHandler)


def event(handler: Any, on_error: Any) -> Binding:
    return with_options(bind(handler, EventHandler), HandlerOptions(on_error=on_error), EventHandler)


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (
            lambda: command(answers, "continue"),
            'answers cannot be registered: with on_error="continue" nobody would answer Ask: give a FallbackHandler '
            "that does",
        ),
        (
            lambda: command(answers, "rollback", phase="after_commit"),
            'answers cannot be registered: phase="after_commit" is for event handlers, and nobody would answer Ask',
        ),
        (lambda: event(first, FallbackHandler(first)), "first cannot be registered: it is its own fallback"),
        (
            lambda: event(first, FallbackHandler(other_event)),
            "other_event cannot be registered: as the fallback of first it must handle Happened, but it handles Other",
        ),
        (
            lambda: event(first, FallbackHandler(Answers)),
            "Answers cannot be registered: it does not derive from EventHandler",
        ),
        (
            lambda: event(first, FallbackHandler(unannotated)),
            "unannotated cannot be registered: its first parameter 'event' does not say which message it takes",
        ),
        (
            lambda: command(answers, FallbackHandler(answers_text)),
            "answers_text cannot be registered: as the fallback of answers it must return int, but it returns str",
        ),
    ],
)
def test_options_that_do_not_fit_the_handler_are_refused(register: Any, message: str) -> None:
    with pytest.raises(HandlerSignatureError) as raised:
        register()
    assert str(raised.value) == f"The handler {message}"


def test_a_fallback_for_a_generic_message_takes_just_that() -> None:
    class Box(Command[int]):
        def __class_getitem__(cls, item: Any) -> Any:
            from types import GenericAlias

            return GenericAlias(cls, item)

    async def of_int(command: Box[int]) -> int:  # type: ignore[type-arg]
        return 1

    async def also_of_int(command: Box[int]) -> int:  # type: ignore[type-arg]
        return 2

    of_int.__annotations__["command"] = also_of_int.__annotations__["command"] = Box[int]  # type: ignore[type-arg]
    assert command(of_int, FallbackHandler(also_of_int)).fallback is not None
