"""What tells two requests apart, and is the same for one request in every process."""

import subprocess
import sys
from dataclasses import dataclass, field, make_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import msgspec
import pydantic
import pytest

from uow_events import Command, IdempotencyRequestError
from uow_events.mediator.idempotency.request import command_name, request_hash


@dataclass(frozen=True)
class Pay(Command[int]):
    amount: Any = Decimal("1.10")
    tags: frozenset[str] = frozenset({"a", "b", "c"})
    notes: dict[str, int] = field(default_factory=lambda: {"x": 1, "y": 2})


@attrs.frozen
class Post(Command[int]):
    at: datetime


class Move(msgspec.Struct, Command[int]):
    id: UUID


class Inner(pydantic.BaseModel):
    names: set[str] = {"a", "b", "c", "d"}


class Charge(pydantic.BaseModel, Command[int]):
    inner: Inner = Inner()
    page: pydantic.HttpUrl = pydantic.HttpUrl("https://example.org/")
    card: pydantic.SecretStr = pydantic.SecretStr("4242")

    @pydantic.field_serializer("page")
    def masked(self, value: object) -> str:
        return "..."


PROGRAM = """
from tests.unit.mediator.idempotency.test_request import *
print(request_hash(Pay()).hex(), request_hash(Charge()).hex())
"""


def test_a_hash_is_the_same_in_every_process() -> None:
    hashes = {
        subprocess.check_output(
            [sys.executable, "-c", PROGRAM], env={"PYTHONHASHSEED": seed}, cwd=Path(__file__).parents[4], text=True
        )
        for seed in ("1", "2")
    }
    assert hashes == {f"{request_hash(Pay()).hex()} {request_hash(Charge()).hex()}\n"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Pay(1), Pay("1")),
        (Pay(None), Pay(0)),
        (Pay(notes={"x": 1}), Pay(notes={"x": 2})),
        (Post(datetime(2026, 1, 1, tzinfo=UTC)), Post(datetime(2026, 1, 2, tzinfo=UTC))),
        (Move(UUID(int=1)), Move(UUID(int=2))),
        (Charge(inner=Inner(names={"a"})), Charge(inner=Inner(names={"b"}))),
        (Charge(card=pydantic.SecretStr("1")), Charge(card=pydantic.SecretStr("2"))),
        (Charge(page=pydantic.HttpUrl("https://a.org")), Charge(page=pydantic.HttpUrl("https://b.org"))),
    ],
)
def test_other_content_has_another_hash(one: object, other: object) -> None:
    assert len(request_hash(one)) == 32
    assert request_hash(one) != request_hash(other)


def test_the_order_of_fields_and_keys_is_no_content() -> None:
    first = make_dataclass("C", [("a", int), ("b", int)])(1, 2)
    second = make_dataclass("C", [("b", int), ("a", int)])(2, 1)
    assert request_hash(first) == request_hash(second)
    assert request_hash(Pay(notes={"x": 1, "y": 2})) == request_hash(Pay(notes={"y": 2, "x": 1}))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (float("nan"), "ValueError"),
        (float("inf"), "ValueError"),
        ({1, "a"}, "TypeError"),
        (object(), "PydanticSerializationError"),
    ],
)
def test_what_json_cannot_carry_is_refused_without_its_value(value: object, problem: str) -> None:
    with pytest.raises(IdempotencyRequestError) as raised:
        request_hash(Pay(value))
    assert str(raised.value) == (
        f"Pay cannot be sent with an idempotency key: its content cannot be encoded as JSON in one way only ({problem})"
    )
    assert raised.value.__cause__ is not None


def test_without_pydantic_a_foreign_object_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pydantic_core")
    with pytest.raises(IdempotencyRequestError, match="NotImplementedError"):
        request_hash(Pay(object()))


def test_a_command_is_called_by_its_module_and_name() -> None:
    assert command_name(Pay) == f"{__name__}.Pay"
    long = type("P" * 255, (Command,), {})
    with pytest.raises(IdempotencyRequestError) as raised:
        command_name(long)
    assert raised.value.problem == (
        f"module and name together take {len(__name__) + 256} characters, and 255 can be stored"
    )
