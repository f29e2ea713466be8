"""One contract for every kind of class a message may be."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pydantic
import pytest

from tests.unit.messages.kinds import EVENTS
from uow_events import NotificationError, NotificationEvent
from uow_events.messages import encode, key_of, topic_of, wire_name

each_kind = pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)


class Place(pydantic.BaseModel):
    id: UUID


@dataclass
class Moved(NotificationEvent, topic="t"):
    place: Place
    price: Decimal
    limits: dict[str, set[int]]


@dataclass
class Base(NotificationEvent, topic="t"):
    good: str


@dataclass
class Odd(Base):
    bad: Any = None


class BrokenModel(NotificationEvent, pydantic.BaseModel, topic="t"):
    good: int = 1
    bad: Any = None


@each_kind
def test_every_kind_of_event_is_encoded_as_an_object_of_its_fields(kind: type[Any]) -> None:
    assert msgspec.json.decode(encode(kind(user="Ann", tags=["a"]))) == {"user": "Ann", "seats": 3, "tags": ["a"]}


@each_kind
def test_every_kind_of_event_keeps_topic_key_and_name(kind: type[Any]) -> None:
    assert (topic_of(kind), wire_name(kind)) == EVENTS[kind]
    assert key_of(kind(user="Ann")) == "Ann"


def test_models_within_other_kinds_are_encoded_too() -> None:
    event = Moved(Place(id=UUID(int=1)), Decimal("1.10"), {"a": {1}})
    assert msgspec.json.decode(encode(event)) == {
        "place": {"id": "00000000-0000-0000-0000-000000000001"},
        "price": "1.10",
        "limits": {"a": [1]},
    }


def looped() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (object(), "NotImplementedError"),
        ("secret \ud800", "UnicodeEncodeError"),
        (looped(), "RecursionError"),
        ({1.5: object()}, "NotImplementedError"),
    ],
)
def test_what_json_cannot_carry_is_refused_naming_event_and_field_but_no_value(value: Any, reason: str) -> None:
    with pytest.raises(NotificationError) as caught:
        encode(Odd("x", value))
    assert str(caught.value) == (
        f"The notification event Odd (field 'bad') cannot be published: its value cannot be encoded as JSON ({reason})"
    )
    assert caught.value.__cause__ is not None


def test_a_model_that_cannot_be_encoded_is_refused_too() -> None:
    with pytest.raises(NotificationError) as caught:
        encode(BrokenModel(bad=object()))
    assert str(caught.value) == (
        "The notification event BrokenModel (field 'bad') cannot be published: its value cannot be encoded as JSON "
        "(PydanticSerializationError)"
    )


def test_an_event_of_no_known_kind_is_refused_without_a_field() -> None:
    class Bare(NotificationEvent, topic="t"):
        unset: int

    with pytest.raises(NotificationError) as caught:
        encode(Bare())
    assert str(caught.value) == (
        "The notification event Bare cannot be published: its value cannot be encoded as JSON (NotImplementedError)"
    )


class Priced(pydantic.BaseModel):
    price: float


@pytest.mark.parametrize("value", [float("nan"), [1.0, {"deep": float("inf")}], Priced(price=float("-inf"))])
def test_what_json_would_turn_into_null_is_refused(value: Any) -> None:
    with pytest.raises(NotificationError) as raised:
        encode(Odd("good", value))
    assert str(raised.value) == (
        "The notification event Odd (field 'bad') cannot be published: NaN and infinity cannot be encoded as JSON"
    )


def test_none_and_finite_numbers_pass() -> None:
    assert encode(Odd("good", [None, 1.5, "null"])) == b'{"good":"good","bad":[null,1.5,"null"]}'
