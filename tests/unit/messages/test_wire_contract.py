"""Bytes back to events: every kind of class, versions, and errors that do not show content."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest

from uow_events import (
    InvalidArgumentError,
    NotificationError,
    NotificationEvent,
    UnknownMessageTypeError,
    UnreadableMessageError,
    WireContract,
    notification,
)
from uow_events.messages import encode


class Size(Enum):
    SMALL = "s"


@dataclass(frozen=True, slots=True)
class Line:
    article: str
    count: int = 1


class Address(pydantic.BaseModel):
    street: str = pydantic.Field(alias="Street")


@dataclass(frozen=True, slots=True)
class Placed(NotificationEvent, topic="shop.placed", name="order-placed", version=3):
    order: UUID
    at: datetime
    lines: list[Line] = field(default_factory=list[Line])
    size: Size = Size.SMALL


@attrs.frozen
class Paid(NotificationEvent, topic="shop.paid"):
    order: UUID
    amount: float = 0


class Sent(NotificationEvent, pydantic.BaseModel, topic="shop.sent"):
    order: UUID
    parcel: str = pydantic.Field(default="", alias="Parcel")


@notification(topic="shop.returned")
class Returned(NotificationEvent, msgspec.Struct):
    order: UUID
    note: bytes = b""


@dataclass(frozen=True)
class Moved(NotificationEvent, topic="shop.moved"):
    to: Address


NAMES = ("order-placed", "Paid", "Sent", "Returned", "Moved")
ID = UUID("00000000-0000-0000-0000-00000000000e")
EVENTS: list[NotificationEvent] = [
    Placed(ID, datetime.fromisoformat("2026-01-01T00:00:00+00:00"), [Line("a")]),
    Paid(ID, 1.5),
    Sent(order=ID, Parcel="p"),
    Returned(ID, b"x"),
    Moved(Address(Street="s")),
]


@pytest.fixture
def contract() -> WireContract:
    return WireContract(Placed, Paid, Sent, Returned, Moved)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_of_every_kind_comes_back_as_it_was(event: NotificationEvent, contract: WireContract) -> None:
    (name,) = [
        name for name in ("order-placed", "Paid", "Sent", "Returned", "Moved") if contract.event_of(name) is type(event)
    ]
    payload = encode(event)
    version = 3 if name == "order-placed" else 1
    assert contract.read(name, version, payload) == event
    assert contract.read(name, version, payload[:-1] + b', "added later": {"by": ["others"]}}') == event


def test_an_older_version_goes_through_each_upcaster_in_turn(contract: WireContract) -> None:
    @contract.upcaster(Placed, version=1)
    def named_order(content: dict[str, Any]) -> dict[str, Any]:
        return {"order": content["id"], "at": content["at"]}

    @contract.upcaster("order-placed", version=2)
    def with_lines(content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "lines": [{"article": "unknown"}]}

    old = f'{{"id": "{ID}", "at": "2026-01-01T00:00:00Z"}}'.encode()
    at = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    assert contract.read("order-placed", 1, old) == Placed(ID, at, [Line("unknown")])
    newer = f'{{"order": "{ID}", "at": "2026-01-01T00:00:00Z"}}'.encode()
    assert contract.read("order-placed", 2, newer) == Placed(ID, at, [Line("unknown")])


def test_its_events_are_those_it_was_given(contract: WireContract) -> None:
    assert contract.events == (Placed, Paid, Sent, Returned, Moved)


def refusal(contract: WireContract, name: str, version: int, payload: bytes) -> str:
    with pytest.raises(UnreadableMessageError) as refused:
        contract.read(name, version, payload)
    assert refused.value.__cause__ is None or "secret" not in str(refused.value.__cause__)
    assert refused.value.__context__ is None or refused.value.__suppress_context__ or refused.value.__cause__
    return str(refused.value)


BAD = "its content is none of this type"


@pytest.mark.parametrize(
    ("name", "payload", "problem"),
    [
        ("Paid", b"[", f"{BAD} (ValidationError)"),
        ("Paid", b"secret", f"{BAD} (DecodeError)"),
        ("Paid", b'{"amount": 1}', f"{BAD} (ValidationError in 'order')"),
        ("Paid", b'{"order": "secret"}', f"{BAD} (ValidationError in 'order')"),
        ("Paid", b'["secret"]', f"{BAD} (ValidationError)"),
        ("Sent", b'{"order": "secret"}', f"{BAD} (ValidationError in 'order')"),
        ("Sent", b'{"order": secret', f"{BAD} (ValidationError)"),
        ("Moved", b'{"to": {"Street": {"secret": 1}}}', f"{BAD} (ValidationError in 'to')"),
    ],
)
def test_what_does_not_fit_is_refused_by_field_and_without_content(
    name: str, payload: bytes, problem: str, contract: WireContract
) -> None:
    assert refusal(contract, name, 1, payload) == f"The message of type {name!r} cannot be read: {problem}"


def test_a_value_below_a_field_is_refused_under_the_fields_name(contract: WireContract) -> None:
    payload = f'{{"order": "{ID}", "at": "2026-01-01T00:00:00Z", "size": "secret` - at `$.secret"}}'.encode()
    assert refusal(contract, "order-placed", 3, payload).endswith(f"{BAD} (ValidationError in 'size')")


def test_a_type_that_is_not_known_is_refused(contract: WireContract) -> None:
    with pytest.raises(UnknownMessageTypeError) as refused:
        contract.read("Placed", 1, b"{}")
    assert refused.value.known == ("Moved", "Paid", "Returned", "Sent", "order-placed")


def test_a_later_version_is_refused(contract: WireContract) -> None:
    assert refusal(contract, "Paid", 2, b"{}") == (
        "The message of type 'Paid' cannot be read: it is of version 2, and version 1 is the latest that is known here"
        "; deploy the class of the later version"
    )


def test_an_older_version_without_an_upcaster_is_refused(contract: WireContract) -> None:
    assert refusal(contract, "order-placed", 2, b"{}") == (
        "The message of type 'order-placed' cannot be read: it is of version 2, and there is no upcaster from version 2"
        "; register one: @contract.upcaster(..., version=2)"
    )


@pytest.mark.parametrize("payload", [b"[1]", b"secret", b"\xff"])
def test_an_older_version_that_is_no_object_is_refused(payload: bytes, contract: WireContract) -> None:
    assert refusal(contract, "order-placed", 2, payload).endswith("cannot be read: its content is no JSON object")


def test_an_upcaster_that_fails_is_named_by_its_version(contract: WireContract) -> None:
    contract.upcaster(Placed, version=2)(lambda content: content["missing"])
    assert refusal(contract, "order-placed", 2, b"{}").endswith("its upcaster from version 2 raised KeyError")


class Unreadable: ...


@dataclass
class Foreign(NotificationEvent, topic="t"):
    thing: Unreadable


@dataclass
class Torn(NotificationEvent, topic="t"):
    parts: list[int] | set[str]


@dataclass
class Twin(NotificationEvent, topic="t", name="Paid"):
    order: UUID


@dataclass
class Zero(NotificationEvent, topic="t", version=0):
    order: UUID


class Bare(NotificationEvent, topic="t"): ...


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([int], "events must be classes of NotificationEvents, and one is <class 'int'>"),
        (
            [Paid, Twin],
            "events must be classes of different names, and Paid and Twin are 'Paid' on the wire",
        ),
        (
            [Foreign],
            "events must be readable from JSON, and Foreign is not: its field 'thing' holds Unreadable",
        ),
        (
            [Bare],
            "events must be dataclasses, attrs classes, pydantic models or msgspec.Structs, and Bare is none",
        ),
    ],
)
def test_a_contract_takes_readable_events_of_different_names(events: list[Any], problem: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        WireContract(*events)
    assert str(refused.value) == f"The argument {problem}"


class Abstract(ABC):
    @abstractmethod
    def act(self) -> None: ...


@dataclass
class Open(NotificationEvent, topic="t"):
    thing: Abstract


def test_a_field_of_an_abstract_class_cannot_be_read() -> None:
    problem = "The message of type 'Open' cannot be read: its content is none of this type (NotImplementedError)"
    assert refusal(WireContract(Open), "Open", 1, b'{"thing": {}}') == problem


def test_a_type_that_json_cannot_tell_apart_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="events must be readable from JSON, and Torn is not: Type unions"):
        WireContract(Torn)


def test_a_version_is_an_integer_from_1() -> None:
    with pytest.raises(NotificationError, match="must be an integer from 1, and is 0"):
        WireContract(Zero)


def test_an_upcaster_has_an_event_and_one_of_its_older_versions(contract: WireContract) -> None:
    for event, version, problem in [
        ("Unheard", 1, "event must be an event of this contract, and is 'Unheard'"),
        (
            Placed,
            3,
            "version must be a version of order-placed below its present one, which is 3, and is 3",
        ),
        (
            Placed,
            0,
            "version must be a version of order-placed below its present one, which is 3, and is 0",
        ),
    ]:
        with pytest.raises(InvalidArgumentError) as refused:
            contract.upcaster(event, version=version)  # type: ignore[arg-type]
        assert str(refused.value) == f"The argument {problem}"
    contract.upcaster(Placed, version=1)(dict)
    with pytest.raises(InvalidArgumentError, match="one without an upcaster, and order-placed has one of"):
        contract.upcaster(Placed, version=1)
