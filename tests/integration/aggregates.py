"""Aggregates of every kind of mapping, and the commands that their methods handle."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

import pytest
from sqlalchemy import ForeignKey, Identity
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from uow_events import AggregateRoot, Command, DomainEvent


@dataclass(frozen=True, slots=True)
class Join(Command[int]):
    hall: int
    user: str
    seats: int = 1


@dataclass(frozen=True, slots=True)
class Joined(DomainEvent):
    user: str


@dataclass(frozen=True, slots=True)
class Rename(Command[str]):
    hall: int
    name: str


@dataclass(frozen=True, slots=True)
class Count(Command[int]):
    hall: int


@dataclass(frozen=True, slots=True)
class Open(Command[int]):
    seats: int


@dataclass(frozen=True, slots=True)
class Reserve(Command[int]):
    tenant: str
    row: int
    amount: int


class Base(DeclarativeBase): ...


class Hall(AggregateRoot, Base):
    """A joined, polymorphic, eagerly joining aggregate: what a lock can get wrong."""

    __tablename__ = "hall"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "plain"}

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    seats: Mapped[int]
    name: Mapped[str] = mapped_column(default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("hall.id"))
    parent: Mapped["Hall | None"] = relationship(remote_side=[id], lazy="joined", join_depth=1)
    guests: Mapped[list["Guest"]] = relationship()

    @classmethod
    def open(cls, seats: int) -> Self:
        opened = cls(seats=seats)
        opened.record(Joined("the first"))
        return opened

    def join(self, user: str, seats: int, note: str = "by method") -> int:
        self.seats -= seats
        self.record(Joined(f"{user} {note}"))
        return self.seats

    async def rename(self, command: Rename) -> str:
        self.name = f"{self.name}{command.name}"
        return self.name

    def count(self) -> int:
        return len(self.guests)


class GrandHall(Hall):
    __tablename__ = "grand_hall"
    __mapper_args__ = {"polymorphic_identity": "grand"}

    id: Mapped[int] = mapped_column(ForeignKey("hall.id"), primary_key=True)
    balconies: Mapped[int] = mapped_column(default=0)

    def join(self, user: str, seats: int, note: str = "grandly") -> int:
        self.balconies -= seats
        return super().join(user, seats, note)


class Guest(Base):
    __tablename__ = "guest"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    hall_id: Mapped[int] = mapped_column(ForeignKey("hall.id"))


class Seat(Base):
    __tablename__ = "seat"
    tenant: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column("row", primary_key=True)
    reserved: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}

    def reserve(self, amount: int) -> int:
        self.reserved += amount
        return self.reserved


@pytest.fixture
async def halls(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A database with one hall of 10 seats, and one grand one."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.exec_driver_sql(
            "INSERT INTO hall (kind, seats, name) VALUES ('plain', 10, ''), ('grand', 10, '')"
        )
        await connection.exec_driver_sql("INSERT INTO grand_hall (id, balconies) VALUES (2, 5)")
        await connection.exec_driver_sql("INSERT INTO guest (hall_id) VALUES (1), (1)")
        await connection.exec_driver_sql("INSERT INTO seat VALUES ('acme', 7, 0, 1)")
    yield engine


async def scalar(engine: AsyncEngine, statement: str) -> Any:
    """What is stored, seen from another transaction."""
    async with engine.connect() as connection:
        return (await connection.exec_driver_sql(statement)).scalar()
