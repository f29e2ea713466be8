"""The forms in which handlers are registered, what each keeps, and which messages each takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from uow_events import (
    Command,
    CommandHandler,
    DomainEvent,
    DuplicateHandlerError,
    EventHandler,
    HandlerNotFoundError,
    HandlerSignatureError,
    Query,
    QueryHandler,
    Registry,
)
from uow_events.messages import FallbackHandler, HandlerOptions
from uow_events.unit_of_work import TransactionOptions


@dataclass
class Join(Command[int]): ...


@dataclass
class Find(Query[int]):
    name: str = ""


class Joined(DomainEvent): ...


class JoinHandler(CommandHandler[Join, int]):
    async def handle(self, command: Join) -> int:
        return 1


class FindHandler(QueryHandler[Find, int]):
    async def handle(self, query: Find) -> int:
        return 1


class Attend(EventHandler[Joined]):
    async def handle(self, event: Joined) -> None: ...


async def join(command: Join) -> int:
    return 1


async def find(query: Find) -> int:
    return 1


async def note(event: Joined) -> None: ...


async def join_later(command: Join) -> int:
    return 0


FALLBACK = FallbackHandler(join_later)
OPTIONS = TransactionOptions(isolation_level="SERIALIZABLE")
COMMAND: dict[str, Any] = {
    "transaction": OPTIONS,
    "repeatable": False,
    "on_error": FALLBACK,
    "inner_commit": "flush",
    "idempotent": True,
    "records": (Joined,),
}
EVENT: dict[str, Any] = {"on_error": "continue", "inner_commit": "flush", "records": (Joined,)}
Register = Callable[..., Any]
FORMS: dict[str, Callable[[Register, Any, Any, dict[str, Any]], Any]] = {
    "called with options": lambda register, handler, message, options: register(**options)(handler),
    "called with message and options": lambda register, handler, message, options: register(message, **options)(
        handler
    ),
    "a plain call": lambda register, handler, message, options: register(handler, **options),
}
forms = pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))


@forms
@pytest.mark.parametrize("handler", [JoinHandler, join])
def test_a_command_handlers_options_are_kept(form: Callable[..., Any], handler: Any) -> None:
    registry = Registry()
    assert form(registry.command_handler, handler, Join, COMMAND) is handler
    route = registry.handler_of(Join)
    assert (route.kind, route.transaction, route.repeatable, route.idempotent) == ("command", OPTIONS, False, True)
    assert route.binding.handler is handler
    assert route.binding.options == HandlerOptions(FALLBACK, "in_transaction", "flush", (Joined,))
    assert (route.request, route.response) == (Join, int)


@forms
@pytest.mark.parametrize("handler", [FindHandler, find])
def test_a_query_handlers_options_are_kept(form: Callable[..., Any], handler: Any) -> None:
    registry = Registry()
    assert form(registry.query_handler, handler, Find, {"transaction": OPTIONS}) is handler
    route = registry.handler_of(Find)
    assert (route.kind, route.transaction, route.idempotent) == ("query", OPTIONS, False)
    assert route.binding.handler is handler
    assert (route.request, route.response) == (Find, int)


@forms
@pytest.mark.parametrize("handler", [Attend, note])
def test_an_event_handlers_options_are_kept(form: Callable[..., Any], handler: Any) -> None:
    registry = Registry()
    assert form(registry.event_handler, handler, Joined, EVENT) is handler
    (binding,) = registry.event_map.handlers_of(Joined)
    assert binding.handler is handler
    assert binding.options == HandlerOptions("continue", "in_transaction", "flush", (Joined,))


def test_what_is_not_said_has_the_safe_default() -> None:
    registry = Registry()
    registry.command_handler(join)
    registry.query_handler(find)
    registry.event_handler(note)
    for request in (Join, Find):
        route = registry.handler_of(request)
        assert (route.transaction, route.repeatable, route.idempotent) == (None, True, False)
    assert {binding.options for binding in registry} == {HandlerOptions()}


def test_a_query_has_one_handler() -> None:
    registry = Registry()
    registry.query_handler(find)
    with pytest.raises(DuplicateHandlerError) as caught:
        registry.query_handler(FindHandler)
    assert str(caught.value) == "Find is already handled by find; FindHandler cannot be registered for it too"


def test_a_query_that_nothing_handles_is_an_error() -> None:
    with pytest.raises(HandlerNotFoundError) as caught:
        Registry().handler_of(Find)
    assert (caught.value.message, caught.value.kind) == (Find, "query")


class Both(Command[int], Query[int]): ...


class Unsaid(Query): ...  # type: ignore[type-arg]


async def answers_both(message: Both) -> int:
    return 1


async def answers_unsaid(query: Unsaid) -> int:
    return 1


async def answers_wrongly(query: Find) -> str:
    return ""


BOTH = "Both derives from both Command and Query: it either changes something or asks"


@pytest.mark.parametrize(
    ("register", "handler", "problem"),
    [
        (Registry.query_handler, join, "what it takes is no Query"),
        (Registry.query_handler, JoinHandler, "it does not derive from QueryHandler"),
        (Registry.command_handler, find, "what it takes is no Command"),
        (Registry.command_handler, answers_both, BOTH),
        (Registry.query_handler, answers_both, BOTH),
        (
            Registry.query_handler,
            answers_unsaid,
            "Unsaid does not say what it asks for: derive it from Query[...]",
        ),
        (Registry.query_handler, answers_wrongly, "it returns str, but Find is a Query[int]"),
    ],
)
def test_a_handler_of_another_kind_of_message_is_refused(register: Any, handler: Any, problem: str) -> None:
    with pytest.raises(HandlerSignatureError) as caught:
        register(Registry(), handler)
    assert str(caught.value) == f"The handler {handler.__name__} cannot be registered: {problem}"


@pytest.mark.parametrize("register", [Registry.command_handler, Registry.query_handler, Registry.event_handler])
def test_none_is_no_handler_and_no_decorator(register: Any) -> None:
    with pytest.raises(HandlerSignatureError) as caught:
        register(Registry(), None)
    assert caught.value.problem.startswith("it is neither a subclass of ")


def test_a_query_handler_records_nothing() -> None:
    assert not hasattr(QueryHandler, "record")
