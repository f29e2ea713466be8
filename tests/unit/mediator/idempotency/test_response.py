"""A response comes back as what it was, or is refused: by its type before the handler runs, by its value after."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Generic, Literal, NamedTuple, TypedDict
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest
from typing_extensions import TypeVar

from uow_events import Command, IdempotencyResponseError
from uow_events.mediator.idempotency import faults
from uow_events.mediator.idempotency.response import ResponseCodec

T = TypeVar("T")


class Color(Enum):
    RED = 1


class Tone(StrEnum):
    LOUD = "loud"


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)
    id: UUID
    raw: bytes = b"\x01a"
    at: dt.datetime = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    name: str = pydantic.Field("x", alias="theName")

    @pydantic.computed_field
    def length(self) -> int:
        return 3


@dataclass
class Node:
    value: Decimal
    next: "Node | None" = None
    model: Model | None = None


@dataclass
class More(Node):
    more: int = 1


@attrs.define
class Attrs:
    items: list[Node]


class Cash(msgspec.Struct, tag=True):
    cents: int


class Card(msgspec.Struct, tag=True):
    cents: int


class Pair(NamedTuple):
    a: int
    b: str


class Typed(TypedDict):
    when: dt.timedelta


class Plain:
    pass


def command(kind: Any) -> type:
    class Ask(Command[kind]):  # type: ignore[valid-type]
        pass

    return Ask


MODEL = Model(id=UUID(int=1))
NODE = Node(Decimal("1.10"), Node(Decimal(2)), MODEL)

RESTORABLE = [
    (None, None),
    (int, 2**80),
    (float, 1),
    (str, "ä"),
    (str, Tone.LOUD),
    (bytes, b"\x00\xff"),
    (UUID, UUID(int=1)),
    (Decimal, Decimal("1.10")),
    (dt.datetime, dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2)))),
    (dt.timedelta, dt.timedelta(seconds=1)),
    (Color, Color.RED),
    (Literal["a"], "a"),
    (int | str | None, "a"),
    (list[UUID], [UUID(int=1)]),
    (set[str], {"a", "b"}),
    (tuple[int, str], (1, "a")),
    (dict[str, Node], {"a": NODE}),
    (Node, NODE),
    (Attrs, Attrs([NODE])),
    (Cash | Card, Card(1)),
    (Pair, Pair(1, "b")),
    (Typed, {"when": dt.timedelta(1)}),
    (Model, MODEL),
    (Model | None, None),
    (list[Model], [MODEL]),
]


@pytest.mark.parametrize(("kind", "response"), RESTORABLE)
def test_a_response_comes_back_as_it_was(kind: Any, response: object) -> None:
    codec = ResponseCodec(command(kind))
    restored = codec.decode(codec.encode(response))
    assert restored == response
    assert list(faults(command(kind))) == []


def test_a_plain_command_answers_none() -> None:
    class Forget(Command):
        pass

    codec = ResponseCodec(Forget)
    assert codec.encode(None) == b"null"
    assert codec.decode(b"null") is None


IN_IT = (
    " in it cannot be restored from JSON; declare it as a dataclass, attrs class, msgspec.Struct, pydantic model or "
    "plain value, and say what containers hold"
)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (Any, "Any" + IN_IT),
        (object, "object" + IN_IT),
        (Plain, "Plain" + IN_IT),
        (list[Plain], "Plain" + IN_IT),
        (list, "Any" + IN_IT),
        (dict[str, Any], "Any" + IN_IT),
        (T, "Any" + IN_IT),
        (msgspec.Raw, "Any" + IN_IT),
        (Iterable[int], "Iterable" + IN_IT),
    ],
)
def test_a_type_that_cannot_be_restored_is_refused(kind: Any, problem: str) -> None:
    with pytest.raises(IdempotencyResponseError) as raised:
        ResponseCodec(command(kind))
    assert raised.value.problem == problem
    assert list(faults(command(kind))) == [str(raised.value)]


@pytest.mark.parametrize("kind", [UUID | str, Node | Attrs, Model | int, "Missing"])
def test_a_type_that_json_cannot_tell_from_another_is_refused(kind: Any) -> None:
    with pytest.raises(IdempotencyResponseError, match="no value of this type can be restored from JSON"):
        ResponseCodec(command(kind))


def test_a_name_that_is_too_long_is_a_fault_too() -> None:
    (fault,) = faults(type("P" * 255, (Command,), {}))
    assert "characters, and 255 can be stored" in fault


@pytest.mark.parametrize(
    ("kind", "response", "problem"),
    [
        (int, "one", "the handler returned what cannot be restored (a str: ValidationError)"),
        (int, None, "the handler returned what cannot be restored (a NoneType: ValidationError)"),
        (None, 1, "the handler returned what cannot be restored (a int: ValidationError)"),
        (int, Plain(), "the handler returned what cannot be restored (a Plain: NotImplementedError)"),
        (float | None, float("nan"), "the handler returned what cannot be restored (a float: ValueError)"),
        (Node, More(Decimal(1)), "the handler returned a More that would be restored as another"),
        (Model, NODE, "the handler returned what cannot be restored (a Node: ValidationError)"),
    ],
)
def test_a_response_that_is_not_what_was_promised_is_refused(kind: Any, response: object, problem: str) -> None:
    with pytest.raises(IdempotencyResponseError) as raised:
        ResponseCodec(command(kind)).encode(response)
    assert raised.value.problem == problem


def test_what_was_stored_by_another_release_is_named() -> None:
    with pytest.raises(IdempotencyResponseError) as raised:
        ResponseCodec(command(Node)).decode(b'{"secret": 1}')
    assert str(raised.value) == (
        "The response of Ask, Node, cannot be kept under an idempotency key: what was stored does not fit this type "
        "any more (ValidationError); keep changes of responses compatible for as long as keys are kept"
    )


def test_generic_commands_are_refused_until_they_say_their_response() -> None:
    class Get(Command[T], Generic[T]):
        pass

    class GetNumber(Get[int]):
        pass

    assert len(list(faults(Get))) == 1
    assert list(faults(GetNumber)) == []
