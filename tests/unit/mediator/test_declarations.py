"""What was declared must be handled, and what is handled must be declared; nothing is checked before."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, TypeVar

import pytest

from uow_events import (
    Command,
    CommandHandler,
    DomainEvent,
    InvalidArgumentError,
    NotificationEvent,
    Query,
    Registry,
    WiringError,
)
from uow_events.container import LagomResolver
from uow_events.mediator.verification import UNIT_TYPES, verify

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Join(Command): ...


@dataclass(frozen=True)
class Count(Query[int]): ...


class Joined(DomainEvent): ...


class JoinedEarly(Joined): ...


class Base(DomainEvent, ABC):
    @abstractmethod
    def about(self) -> str: ...


@dataclass
class Told(NotificationEvent, topic="t"): ...


@dataclass
class Both(DomainEvent, NotificationEvent, topic="t"): ...


@dataclass
class Fetch(Command[T], Generic[T]): ...


class FetchHandler(CommandHandler[Fetch[int], int]):
    async def handle(self, command: Fetch[int]) -> int:
        return 3


async def join(command: Join) -> None: ...


async def hear(event: Joined) -> None: ...


async def hear_all(event: DomainEvent) -> None: ...


def faults(registry: Registry) -> list[str]:
    try:
        verify(registry, LagomResolver(), UNIT_TYPES)
    except WiringError as error:
        return [str(fault) for fault in error.faults]
    return []


def test_without_declarations_nothing_is_missed() -> None:
    registry = Registry()
    registry.event_handler(hear)
    assert faults(registry) == []


def test_what_is_declared_and_handled_is_no_fault() -> None:
    registry = Registry()
    registry.command_handler(join)
    registry.command_handler(FetchHandler)
    registry.event_handler(hear)
    registry.declare(Join, Fetch, Joined, JoinedEarly, Told)
    assert faults(registry) == []


def test_a_command_without_handler_is_a_fault() -> None:
    registry = Registry()
    registry.declare(Join)
    assert faults(registry) == [
        "Join: this command was declared, and has no handler; register one with @registry.command_handler, or include "
        "its registry"
    ]


def test_a_query_without_handler_is_a_fault() -> None:
    registry = Registry()
    registry.declare(Count)
    assert faults(registry) == [
        "Count: this query was declared, and has no handler; register one with @registry.query_handler, or include its "
        "registry"
    ]


def test_an_event_without_handler_is_a_fault_once_however_often_it_was_declared() -> None:
    registry = Registry()
    registry.declare(JoinedEarly)
    registry.declare(JoinedEarly)
    assert faults(registry) == [
        "JoinedEarly: this event was declared, and has no handler; register one with @registry.event_handler, or "
        "include its registry"
    ]


@pytest.mark.parametrize("kind", [Base, Joined, Told, Both])
def test_abstract_events_bases_and_what_leaves_the_process_need_no_handler(kind: type) -> None:
    registry = Registry()
    registry.declare(kind)
    assert faults(registry) == []


def test_a_handler_of_a_base_hears_what_was_declared() -> None:
    registry = Registry()
    registry.event_handler(hear_all)
    registry.declare(JoinedEarly)
    assert faults(registry) == []


def test_a_handler_of_what_was_never_declared_is_a_fault() -> None:
    registry = Registry()
    registry.command_handler(join)
    registry.event_handler(hear)
    registry.declare(Told)
    remedy = "pass that class, or its module, to registry.declare()"
    assert faults(registry) == [
        f"join: it handles Join, which was never declared; {remedy}",
        f"hear: it handles Joined, which was never declared; {remedy}",
    ]


def test_what_was_included_brings_its_declarations() -> None:
    inner, outer = Registry(), Registry()
    inner.declare(Join)
    outer.include(inner)
    outer.command_handler(join)
    assert outer.declared.types == (Join,)
    assert faults(outer) == []
    assert len(faults(inner)) == 1


@pytest.fixture
def package() -> Iterator[ModuleType]:
    """A package with messages of its own, of a module beneath it, and of somebody else."""
    package = ModuleType("meetings_of_test")
    own: Any = type("Own", (Command,), {"__module__": "meetings_of_test"})
    beneath: Any = type("Beneath", (DomainEvent,), {"__module__": "meetings_of_test.events"})
    namesake: Any = type("Namesake", (DomainEvent,), {"__module__": "meetings_of_test_too"})
    vars(package).update(Own=own, Beneath=beneath, Namesake=namesake, Join=Join, Command=Command, number=3, helper=type)
    sys.modules[package.__name__] = package
    yield package
    del sys.modules[package.__name__]


def test_a_module_declares_its_own_messages_and_those_beneath_it(package: Any) -> None:
    registry = Registry()
    registry.declare(package)
    assert registry.declared.types == (package.Own, package.Beneath)


def test_a_module_without_messages_is_an_error() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Registry().declare(ModuleType("nothing"))
    assert str(caught.value) == (
        "The argument types_or_modules must be modules that define messages, and nothing defines none"
    )


@pytest.mark.parametrize(
    ("given", "shown"), [(int, "the class int"), (3, "a int"), (Command, "the class Command"), (Join(), "a Join")]
)
def test_what_is_no_message_class_is_an_error(given: Any, shown: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Registry().declare(given)
    assert str(caught.value) == (
        f"The argument types_or_modules must be message classes or modules of them, and has {shown}"
    )
