"""Which events carry an ORM object."""

from collections import deque
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import attrs
import msgspec
import pytest
from pydantic import BaseModel, ConfigDict

from tests.models import Meeting
from uow_events import DomainEvent
from uow_events.events.mapped import carries_mapped_instance


@dataclass(frozen=True)
class Event(DomainEvent):
    value: Any = None
    more: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Slotted(DomainEvent):
    value: Any


class Parent:
    __slots__ = "value"


class Plain(Parent, DomainEvent):
    __slots__ = ("other",)

    def __init__(self, value: Any) -> None:
        self.value = value


@attrs.frozen
class Attrs(DomainEvent):
    value: Any


class Model(BaseModel, DomainEvent):
    model_config = ConfigDict(arbitrary_types_allowed=True, extra="allow")
    value: Any


class Base(msgspec.Struct):
    value: Any


class Struct(Base, frozen=True):
    other: Any = None


class Opaque:
    def __init__(self, value: Any) -> None:
        self.value = value


def meeting() -> Meeting:
    return Meeting(seats=1)


@pytest.mark.parametrize("kind", [Event, Slotted, Plain, Attrs, lambda value: Model(value=value)])
def test_a_field_of_any_event_class_is_seen(kind: Any) -> None:
    assert carries_mapped_instance(kind(meeting()))
    assert not carries_mapped_instance(kind("text"))


HELD = {
    "list": lambda one: [1, one],
    "tuple": lambda one: (one,),
    "deque": lambda one: deque([one]),
    "set": lambda one: {one},
    "frozenset": lambda one: frozenset([one]),
    "value of a dict": lambda one: {"key": one},
    "key of a dict": lambda one: {one: "value"},
    "another mapping": lambda one: MappingProxyType({"key": one}),
    "dataclass": lambda one: Event([{"key": (one,)}]),
    "dataclass with slots": Slotted,
    "attrs": Attrs,
    "pydantic": lambda one: Model(value=one),
    "pydantic extra": lambda one: Model(value=1, more=one),
    "struct": Struct,
    "deep": lambda one: Attrs([Struct((Slotted({"key": Model(value={"key": one})}),))]),
}


@pytest.mark.parametrize("how", HELD)
def test_an_object_inside_of_a_field_is_seen(how: str) -> None:
    assert carries_mapped_instance(Event(HELD[how](meeting())))
    assert not carries_mapped_instance(Event(HELD[how]("text")))


def test_an_event_inside_of_an_event_is_looked_into() -> None:
    assert carries_mapped_instance(Event(Event(value=meeting())))


def test_circles_end() -> None:
    event = Event()
    event.more.extend([event.more, event, meeting])
    assert not carries_mapped_instance(event)
    event.more.append(meeting())
    assert carries_mapped_instance(event)


def test_other_objects_and_classes_are_not_looked_into() -> None:
    assert not carries_mapped_instance(Event([Opaque(meeting()), Meeting, Event]))
