"""Classmethods that create an aggregate as handlers, and what their commands are answered."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Column, Integer, Table
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import registry as mapper_registry

from tests.integration.aggregates import Hall, Join, Joined, Open, halls, scalar
from uow_events import Command, Mediator, Registry, WiringError

__all__ = ["halls"]


@dataclass(frozen=True, slots=True)
class OpenQuietly(Command):
    seats: int


@dataclass(frozen=True, slots=True)
class OpenHall(Command[Hall]):
    seats: int


@dataclass(frozen=True, slots=True)
class OpenLater(Command[Hall]):
    seats: int


class Slow(Hall):
    __mapper_args__ = {"polymorphic_identity": "slow"}

    @classmethod
    async def open_slowly(cls, command: OpenLater) -> Hall:
        return cls.open(command.seats)


async def create(engine: AsyncEngine, command: Command[Any], method: Any) -> tuple[Any, list[str]]:
    heard: list[str] = []
    handlers = Registry()
    handlers.aggregate_handler(type(command), method)

    @handlers.event_handler
    async def hear(event: Joined) -> None:
        heard.append(event.user)

    return await Mediator(engine, handlers).send(command), heard


async def test_a_command_without_response_stores_the_aggregate(halls: AsyncEngine) -> None:
    assert await create(halls, OpenQuietly(3), Hall.open) == (None, ["the first"])
    assert await scalar(halls, "SELECT seats FROM hall WHERE id = 3") == 3


async def test_the_response_may_be_the_key_that_the_database_gave(halls: AsyncEngine) -> None:
    assert await create(halls, Open(3), Hall.open) == (3, ["the first"])
    assert await scalar(halls, "SELECT seats FROM hall WHERE id = 3") == 3


async def test_the_response_may_be_the_aggregate(halls: AsyncEngine) -> None:
    hall, heard = await create(halls, OpenHall(3), Hall.open)
    assert (type(hall), hall.id, heard) == (Hall, 3, ["the first"])


async def test_an_async_classmethod_of_a_subclass(halls: AsyncEngine) -> None:
    hall, _ = await create(halls, OpenLater(3), Slow.open_slowly)
    assert (type(hall), hall.id) == (Slow, 3)


class Unmapped:
    def join(self, user: str, seats: int) -> int:
        return 1


async def test_a_class_that_was_never_mapped_is_an_error_at_its_first_use(halls: AsyncEngine) -> None:
    handlers = Registry()
    handlers.aggregate_handler(Join, Unmapped.join, identity="hall")
    with pytest.raises(WiringError) as caught:
        await Mediator(halls, handlers).send(Join(1, "ann"))
    (fault,) = caught.value.faults
    assert fault.problem == (
        "Unmapped is not mapped: map it before the first send, or, where it is a mixin, name the mapped class with "
        "aggregate="
    )


class Late:
    seats: int

    def join(self, user: str, seats: int) -> int:
        self.seats -= seats
        return self.seats


async def test_a_class_that_is_mapped_after_its_registration(halls: AsyncEngine) -> None:
    handlers, mappings = Registry(), mapper_registry()
    handlers.aggregate_handler(Join, Late.join, identity="hall")
    columns = [Column("id", Integer, primary_key=True), Column("seats", Integer)]
    mappings.map_imperatively(Late, Table("hall", mappings.metadata, *columns))
    try:
        assert await Mediator(halls, handlers).send(Join(1, "ann", 4)) == 6
    finally:
        mappings.dispose()
