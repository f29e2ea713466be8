"""Every fault of a wiring at once, each with its path and its remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from lagom import Container, Singleton
from lagom.context_based import ContextContainer
from sqlalchemy.ext.asyncio import AsyncSession

from uow_events import (
    Command,
    CommandHandler,
    DomainEvent,
    EventHandler,
    MessageContext,
    NotificationEvent,
    Recorder,
    Registry,
    TransactionOptions,
    UnitOfWork,
    WiringError,
)
from uow_events.container import LagomResolver
from uow_events.mediator.verification import UNIT_TYPES, verify


class Join(Command): ...


class Joined(DomainEvent): ...


class Clock(Protocol):
    def now(self) -> int: ...


class Repository:
    def __init__(self, session: AsyncSession | None, clock: Clock | None = None) -> None: ...


class Service:
    def __init__(self, repository: Repository) -> None: ...


class Handler(CommandHandler[Join, None]):
    def __init__(self, service: Service, uow: UnitOfWork, recorder: Recorder, context: MessageContext) -> None: ...

    async def handle(self, command: Join) -> None: ...


class NeedsClock:
    def __init__(self, clock: Clock) -> None: ...


class ClockHandler(EventHandler[Joined]):
    def __init__(self, needs: NeedsClock) -> None: ...

    async def handle(self, event: Joined) -> None: ...


async def tell_time(event: Joined, needs: NeedsClock | None, clock: Clock | None = None, name: str = "x") -> None: ...


async def serve(event: Joined, service: Service) -> None: ...


def faults(registry: Registry, container: Container | None = None, scoped: Sequence[type] = ()) -> list[str]:
    try:
        verify(registry, LagomResolver(container, scoped), (AsyncSession, *UNIT_TYPES))
    except WiringError as error:
        return [str(fault) for fault in error.faults]
    return []


def registry_of(*handlers: Any) -> Registry:
    registry = Registry()
    for handler in handlers:
        (registry.command_handler if handler is Handler else registry.event_handler)(handler)
    return registry


UNBOUND = "it is abstract, and no implementation is bound to it; bind one to it in the container"
KEEPS = "would keep the first unit of work's for ever; bind it without Singleton, or list it in Mediator(scoped=[...])"


def test_a_sound_wiring_has_no_faults() -> None:
    assert faults(registry_of(Handler, serve)) == []


def test_what_nothing_is_bound_to_is_named_with_its_path_once() -> None:
    assert faults(registry_of(ClockHandler, tell_time)) == [f"ClockHandler -> NeedsClock -> Clock: {UNBOUND}"]
    assert faults(registry_of(tell_time, ClockHandler)) == [f"tell_time -> NeedsClock -> Clock: {UNBOUND}"]


@pytest.mark.parametrize(
    ("bound", "path", "singleton"),
    [
        (Repository, "Repository -> AsyncSession", "Repository"),
        (Service, "Repository -> AsyncSession", "Service"),
        (Handler, "Repository -> AsyncSession", "Handler"),
    ],
)
def test_a_singleton_that_takes_the_session_is_named_with_its_path(bound: type, path: str, singleton: str) -> None:
    container = Container()
    container[bound] = Singleton(bound)
    found = faults(registry_of(Handler), container)
    assert found[0] == f"Handler -> Service -> {path}: the singleton {singleton} {KEEPS}"
    others = ["UnitOfWork", "Recorder", "MessageContext"] if bound is Handler else []
    assert found[1:] == [f"Handler -> {name}: the singleton Handler {KEEPS}" for name in others]


def test_a_singleton_is_found_though_its_repository_is_used_elsewhere_too() -> None:
    container = Container()
    container[Service] = Singleton(Service)

    async def reads(event: Joined, repository: Repository) -> None: ...

    assert faults(registry_of(reads, serve), container) == [
        f"serve -> Service -> Repository -> AsyncSession: the singleton Service {KEEPS}"
    ]


def test_a_singleton_that_takes_a_scoped_type_is_named() -> None:
    container = Container()
    container[NeedsClock] = Singleton(NeedsClock)
    container[Clock] = lambda: 3
    assert faults(registry_of(ClockHandler), container, scoped=[Clock]) == [
        f"ClockHandler -> NeedsClock -> Clock: the singleton NeedsClock {KEEPS}"
    ]


def test_listing_it_as_scoped_is_a_remedy() -> None:
    container = Container()
    container[Service] = Singleton(Service)
    assert faults(registry_of(Handler), container, scoped=[Service]) == []


class Chicken:
    def __init__(self, egg: "Egg") -> None: ...


class Egg:
    def __init__(self, chicken: Chicken) -> None: ...


async def hatch(event: Joined, egg: Egg) -> None: ...


def test_a_circle_of_constructors_is_named() -> None:
    assert faults(registry_of(hatch)) == [
        "hatch -> Egg -> Chicken -> Egg: these constructors need each other in a circle; bind a factory to one of them"
    ]


def test_two_classes_of_one_name_are_no_circle() -> None:
    def namesake(needed: type) -> type:
        class Namesake:
            def __init__(self, needed: Any) -> None: ...

        Namesake.__init__.__annotations__["needed"] = needed
        return Namesake

    async def handle(event: Joined, needed: Any) -> None: ...

    handle.__annotations__["needed"] = namesake(namesake(Service))
    assert faults(registry_of(handle)) == []


def test_a_context_container_is_one_fault() -> None:
    assert faults(registry_of(Handler, serve), ContextContainer(Container(), [])) == [
        "ContextContainer: its contexts would end at no commit; use a plain lagom.Container"
    ]


@dataclass
class Topicless(NotificationEvent): ...


async def hear_topicless(event: Topicless) -> None: ...


def test_all_faults_come_at_once() -> None:
    container = Container()
    container[Service] = Singleton(Service)
    with pytest.raises(WiringError) as caught:
        verify(
            registry_of(Handler, ClockHandler, hatch, hear_topicless),
            LagomResolver(container),
            (AsyncSession, *UNIT_TYPES),
        )
    assert str(caught.value) == (
        "4 fault(s) in the wiring of this mediator:\n"
        f"  - Handler -> Service -> Repository -> AsyncSession: the singleton Service {KEEPS}\n"
        f"  - ClockHandler -> NeedsClock -> Clock: {UNBOUND}\n"
        "  - hatch -> Egg -> Chicken -> Egg: these constructors need each other in a circle; bind a factory to one of "
        "them\n"
        "  - Topicless: this notification event has no topic; declare it as "
        '`class X(NotificationEvent, topic="...")` or with @notification(topic=...)'
    )


async def join(command: Join) -> None: ...


def test_an_idempotent_command_that_inherits_read_only_is_a_fault() -> None:
    registry = Registry()
    registry.command_handler(join, idempotent=True)
    with pytest.raises(WiringError) as caught:
        verify(registry, LagomResolver(), (), transaction=TransactionOptions(read_only=True))
    assert [str(fault) for fault in caught.value.faults] == [
        "join: with idempotent=True its transaction stores keys, and the mediator's options make it read-only; give "
        "its own transaction options read_only=False, or leave out idempotent=True"
    ]
    verify(registry, LagomResolver(), (), transaction=TransactionOptions(read_only=False))


class Ticket: ...


class Sell(Command[Ticket]): ...


class Leave(Command):
    meeting: int


class Unmapped:
    def leave(self) -> None: ...


async def sell(command: Sell) -> Ticket:
    return Ticket()


def test_a_response_that_cannot_be_stored_and_a_class_that_was_never_mapped_are_faults() -> None:
    registry = Registry()
    registry.command_handler(sell, idempotent=True)
    registry.aggregate_handler(Leave, Unmapped.leave, identity="meeting")
    assert faults(registry) == [
        "Unmapped.leave: Unmapped is not mapped: map it before the first send, or, where it is a mixin, name the "
        "mapped class with aggregate=; change one of them to fit the other",
        "sell: The response of Sell, Ticket, cannot be kept under an idempotency key: Ticket in it cannot be restored "
        "from JSON; declare it as a dataclass, attrs class, msgspec.Struct, pydantic model or plain value, and say "
        "what containers hold; or register it without idempotent=True",
    ]
