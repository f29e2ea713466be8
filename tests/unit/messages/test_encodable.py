"""Fields that could never be encoded, told by their annotations, against what encoding does."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, NamedTuple, NewType, Protocol, TypeVar
from uuid import UUID

import attrs
import msgspec
import pytest
from pydantic import BaseModel, ConfigDict, Field, InstanceOf, field_serializer

from uow_events.messages import encode, fields_of, unencodable_fields

if TYPE_CHECKING:
    from fractions import Fraction

T = TypeVar("T")
UserId = NewType("UserId", UUID)
BadId = NewType("BadId", complex)


class Plain: ...


class Text(str): ...


class Colour(Enum):
    RED = "red"


class Marker: ...


@dataclass
class Marked(Marker): ...


class Shape(ABC):
    @abstractmethod
    def area(self) -> int: ...


class Sized(Protocol):
    def size(self) -> int: ...


@dataclass
class Node:
    parent: Node | None = None
    of_class: ClassVar[Plain] = Plain()


class Pair(NamedTuple):
    left: int
    right: Node


@attrs.define
class Square:
    side: int
    _cache: Plain = attrs.field(factory=Plain)


class Struct(msgspec.Struct):
    node: Node


@dataclass
class Page(Generic[T]):
    items: list[T]


class Model(BaseModel):
    address: IPv4Address


@dataclass
class Sound:
    a: int | str | None
    b: list[Node]
    c: dict[UUID, Decimal]
    d: tuple[Pair, ...]
    e: Square
    f: Struct
    g: Page[int]
    h: Colour
    i: UserId
    j: Literal["x"]
    k: Any
    utc: Annotated[dt.datetime, "utc"]
    m: Marker
    n: Shape | Sized
    o: Sequence[Mapping[str, T]]  # type: ignore[valid-type]
    p: Model
    q: object
    r: frozenset[bytes]


def test_what_can_be_encoded_or_is_left_open_passes() -> None:
    assert list(unencodable_fields(Sound)) == []


@dataclass
class Unsound:
    plain: Plain
    text: Text
    number: complex
    path: Path | None
    queue: deque[int]
    listed: list[tuple[int, Plain]]
    inside: Page[Plain]
    named: BadId
    nested: Nested


@dataclass
class Nested:
    plain: Plain


def test_what_cannot_be_encoded_is_named_with_the_class_at_fault() -> None:
    assert dict(unencodable_fields(Unsound)) == {
        "plain": Plain,
        "text": Text,
        "number": complex,
        "path": Path,
        "queue": deque,
        "listed": Plain,
        "named": complex,
        "nested": Plain,
    }


@dataclass
class One:
    value: Any


@pytest.mark.parametrize("value", [Plain(), Text("x"), 1j, Path(), deque([1])])
def test_encoding_agrees(value: object) -> None:
    with pytest.raises(ValueError, match="cannot be encoded as JSON"):
        encode(One(value))


@pytest.mark.parametrize(
    "value", [Node(), Pair(1, Node()), Square(3), Struct(Node()), Page([1]), Colour.RED, UUID(int=1), Decimal(1)]
)
def test_encoding_agrees_with_what_passes(value: object) -> None:
    assert encode(One(value))


class Open(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    plain: Plain
    many: list[Plain]
    address: IPv4Address
    left_out: Plain = Field(exclude=True)
    checked: InstanceOf[Plain]


class Serialized(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    plain: Plain

    @field_serializer("plain")
    def as_text(self, value: Plain) -> str:
        return "plain"


def test_of_pydantic_only_what_it_was_told_to_take_as_it_is_counts() -> None:
    assert list(unencodable_fields(Open)) == [("plain", Plain), ("many", Plain)]
    assert list(unencodable_fields(Serialized)) == []
    assert list(unencodable_fields(Model)) == []


@dataclass
class Hidden:
    price: Fraction
    plain: Plain = field(default_factory=Plain)


def test_names_that_do_not_exist_at_run_time_leave_a_class_open() -> None:
    assert list(unencodable_fields(Hidden)) == []


def test_a_class_without_fields_has_none() -> None:
    assert fields_of(Plain) is None
    assert list(unencodable_fields(Plain)) == []
