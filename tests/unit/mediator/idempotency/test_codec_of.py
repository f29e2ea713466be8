"""The codec of a command class: made once, and gone with the class."""

import gc
from dataclasses import dataclass
from typing import Any
from weakref import ref

import attrs
import msgspec
import pydantic
import pytest

from uow_events import Command
from uow_events.mediator.idempotency.response import codec_of


def plain() -> type:
    @dataclass(frozen=True, slots=True)
    class Count(Command[int]):
        pass

    return Count


def by_attrs() -> type:
    @attrs.frozen
    class Count(Command[int]):
        pass

    return Count


def by_pydantic() -> type:
    class Count(pydantic.BaseModel, Command[int], frozen=True):
        pass

    return Count


def by_msgspec() -> type:
    class Count(Command[int], msgspec.Struct, frozen=True):
        pass

    return Count


@pytest.fixture(params=[plain, by_attrs, by_pydantic, by_msgspec])
def make(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_it_is_made_once_for_each_class(make: Any) -> None:
    command = make()
    assert codec_of(command) is codec_of(command)
    assert codec_of(type("Derived", (command,), {})) is not codec_of(command)


def test_it_keeps_no_class_alive(make: Any) -> None:
    def use() -> ref[type]:
        command = make()
        assert codec_of(command).decode(codec_of(command).encode(3)) == 3
        return ref(command)

    command = use()
    gc.collect()
    assert command() is None
