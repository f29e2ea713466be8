"""Mapped classes that are never stored, and commands for them."""

from dataclasses import KW_ONLY, InitVar, dataclass
from typing import Annotated, Any, ClassVar, NewType, Self

from sqlalchemy import String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from tests.unit.mediator.checking import checked
from uow_events import Command

MeetingId = NewType("MeetingId", int)


class Base(DeclarativeBase): ...


class Joinable:
    def leave(self, user: str) -> int:
        return 0

    @classmethod
    def opened(cls, user: str) -> Self:
        return cls()


class Meeting(Joinable, Base):
    __tablename__ = "unit_meeting"

    id: Mapped[int] = mapped_column("meeting_id", primary_key=True)
    seats: Mapped[int]

    def join(self, user: str) -> int:
        return 1

    @checked
    def join_checked(self, user: str) -> int:
        return 1

    async def join_slowly(self, user: str, seats: int = 1) -> int:
        return 1

    def obey(self, command: "Join", /) -> int:
        return 1

    def place(self, user: str, /, seat: int) -> int:
        return 1

    def untyped(self, user):  # type: ignore[no-untyped-def]
        return 1

    def answers_text(self, user: str) -> str:
        return ""

    def takes_number(self, user: int) -> int:
        return 1

    def takes_more(self, user: str, seat: int) -> int:
        return 1

    def takes_more_by_position(self, user: str, seat: int = 1, /) -> int:
        return 1

    def takes_less(self) -> int:
        return 1

    def takes_identity(self, user: str, meeting: int | None = None) -> int:
        return 1

    def yields(self, user: str) -> Any:
        yield 1

    @staticmethod
    def static(user: str) -> int:
        return 1

    @classmethod
    def create(cls, user: str) -> "Meeting":
        return cls()

    @classmethod
    def create_other(cls, user: str) -> "Line":
        return Line()


class Line(Base):
    __tablename__ = "unit_line"

    order: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)

    def cancel(self, user: str) -> int:
        return 1

    @classmethod
    def create(cls, user: str) -> Self:
        return cls()


class Text(TypeDecorator[str]):
    impl = String
    cache_ok = True


class Own(UserDefinedType[str]):
    cache_ok = True

    @property
    def python_type(self) -> type[Any]:
        raise NotImplementedError  # as every such type does with SQLAlchemy 2.0


class Decorated(Base):
    __tablename__ = "unit_decorated"
    id: Mapped[str] = mapped_column(Text, primary_key=True)

    @classmethod
    def create(cls, user: str) -> Self:
        return cls()


class OwnType(Base):
    __tablename__ = "unit_own_type"
    id: Mapped[str] = mapped_column(Own, primary_key=True)

    @classmethod
    def create(cls, user: str) -> Self:
        return cls()


@dataclass
class Join(Command[int]):
    meeting: int
    user: Annotated[str, "a name"]
    limit: ClassVar[int] = 3


@dataclass
class Place(Command[int]):
    meeting: int
    user: str
    _: KW_ONLY
    seat: int = 1
    source: InitVar[str] = ""


@dataclass
class Cancel(Command[int]):
    order: int
    line: int
    user: str


def create_command(promised: Any) -> type[Command[Any]]:
    @dataclass
    class Create(Command[promised]):  # type: ignore[valid-type]
        user: str

    return Create
