"""One notification event and one command per kind of class that messages may be."""

from dataclasses import dataclass, field
from typing import Any

import attrs
import msgspec
import pydantic

from uow_events import Command, NotificationEvent, notification


@dataclass(frozen=True)
class PlainDataclass(NotificationEvent, topic="plain", key="user", name="plain.v1"):
    user: str
    seats: int = 3
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SlotsDataclass(NotificationEvent, topic="slots", key="user", name="slots.v1"):
    user: str
    seats: int = 3
    tags: list[str] = field(default_factory=list)


@attrs.define(frozen=True)
class AttrsSlots(NotificationEvent, topic="attrs", key="user", name="attrs.v1"):
    user: str
    seats: int = 3
    tags: list[str] = attrs.field(factory=list)


@attrs.define(frozen=True, slots=False)
class AttrsDict(NotificationEvent, topic="attrs-dict", key="user", name="attrs-dict.v1"):
    user: str
    seats: int = 3
    tags: list[str] = attrs.field(factory=list)


class Pydantic(NotificationEvent, pydantic.BaseModel, topic="pydantic", key="user", name="pydantic.v1"):
    user: str
    seats: int = 3
    tags: list[str] = []


class PydanticFirst(pydantic.BaseModel, NotificationEvent, topic="pydantic-first", key="user", name="first.v1"):
    user: str
    seats: int = 3
    tags: list[str] = []


@notification(topic="struct", key="user", name="struct.v1")
class Struct(NotificationEvent, msgspec.Struct, frozen=True):
    user: str
    seats: int = 3
    tags: list[str] = []


@notification(topic="decorated", key="user", name="decorated.v1")
@dataclass(frozen=True, slots=True)
class Decorated(NotificationEvent):
    user: str
    seats: int = 3
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
@notification(topic="below", key="user", name="below.v1")
class DecoratedBelow(NotificationEvent):
    user: str
    seats: int = 3
    tags: list[str] = field(default_factory=list)


EVENTS: dict[type[Any], tuple[str, str]] = {
    PlainDataclass: ("plain", "plain.v1"),
    SlotsDataclass: ("slots", "slots.v1"),
    AttrsSlots: ("attrs", "attrs.v1"),
    AttrsDict: ("attrs-dict", "attrs-dict.v1"),
    Pydantic: ("pydantic", "pydantic.v1"),
    PydanticFirst: ("pydantic-first", "first.v1"),
    Struct: ("struct", "struct.v1"),
    Decorated: ("decorated", "decorated.v1"),
    DecoratedBelow: ("below", "below.v1"),
}


@dataclass(frozen=True)
class PlainCommand(Command[int]):
    seats: int


@dataclass(frozen=True, slots=True)
class SlotsCommand(Command[int]):
    seats: int


@attrs.define(frozen=True)
class AttrsCommand(Command[int]):
    seats: int


class PydanticCommand(pydantic.BaseModel, Command[int]):
    seats: int


class StructCommand(Command[int], msgspec.Struct):
    seats: int


COMMANDS: list[type[Any]] = [PlainCommand, SlotsCommand, AttrsCommand, PydanticCommand, StructCommand]
