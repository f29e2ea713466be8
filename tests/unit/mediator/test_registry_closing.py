"""A registry that was included, or sent with, takes no further handlers: nothing would ever ask for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.messages import kinds
from uow_events import (
    Command,
    DomainEvent,
    InvalidArgumentError,
    Query,
    RegistrationClosedError,
    Registry,
)


@dataclass
class Join(Command[int]): ...


@dataclass
class Find(Query[int]): ...


class Joined(DomainEvent): ...


async def join(command: Join) -> int:
    return 1


async def find(query: Find) -> int:
    return 1


async def note(event: Joined) -> None: ...


INCLUDED = "its registry was included in another registry"
REGISTRATIONS: list[Callable[[Registry], Any]] = [
    lambda registry: registry.command_handler(join),
    lambda registry: registry.query_handler(find),
    lambda registry: registry.event_handler(note),
    lambda registry: registry.event_map.register(note),
]


@pytest.mark.parametrize(("register", "name"), [*zip(REGISTRATIONS, ("join", "find", "note", "note"), strict=True)])
def test_an_included_registry_takes_no_further_handler(register: Callable[[Registry], Any], name: str) -> None:
    registry = Registry()
    Registry().include(registry)
    with pytest.raises(RegistrationClosedError) as caught:
        register(registry)
    assert (
        str(caught.value)
        == f"{name} cannot be registered any more: {INCLUDED}. Register and declare everything before that"
    )
    assert caught.value.reason == INCLUDED


@pytest.mark.parametrize(("declared", "name"), [(Join, "Join"), (kinds, "tests.unit.messages.kinds")])
def test_an_included_registry_takes_no_further_declaration(declared: Any, name: str) -> None:
    registry = Registry()
    Registry().include(registry)
    with pytest.raises(RegistrationClosedError) as caught:
        registry.declare(declared)
    assert str(caught.value) == (
        f"{name} cannot be registered any more: {INCLUDED}. Register and declare everything before that"
    )


def test_a_decorator_got_before_the_inclusion_is_too_late_as_well() -> None:
    registry = Registry()
    decorate = registry.command_handler(Join)
    Registry().include(registry)
    with pytest.raises(RegistrationClosedError):
        decorate(join)


def test_of_several_reasons_the_first_one_is_given() -> None:
    registry = Registry()
    registry.close("a command has been sent")
    Registry().include(registry)
    with pytest.raises(RegistrationClosedError) as caught:
        registry.command_handler(join)
    assert caught.value.reason == "a command has been sent"


def test_a_closed_registry_is_still_included_elsewhere() -> None:
    shared, first, second = Registry(), Registry(), Registry()
    shared.command_handler(join)
    shared.event_handler(note)
    for whole in (first, second):
        whole.include(shared)
        assert [binding.name for binding in whole] == ["join", "note"]


def test_a_closed_registry_includes_no_other() -> None:
    whole = Registry()
    whole.close("a command has been sent")
    with pytest.raises(RegistrationClosedError) as caught:
        whole.include(Registry())
    assert str(caught.value) == (
        "Registry cannot be registered any more: a command has been sent. Register and declare everything before that"
    )


def test_two_registries_cannot_include_each_other() -> None:
    first, second = Registry(), Registry()
    first.include(second)
    with pytest.raises(RegistrationClosedError) as caught:
        second.include(first)
    assert caught.value.reason == INCLUDED


@pytest.mark.parametrize(("given", "shown"), [(None, "this registry itself"), (Registry, "a type"), ("x", "a str")])
def test_only_another_registry_can_be_included(given: Any, shown: str) -> None:
    registry = Registry()
    with pytest.raises(InvalidArgumentError) as caught:
        registry.include(given or registry)
    assert str(caught.value) == f"The argument other must be another Registry, and is {shown}"
    registry.command_handler(join)
