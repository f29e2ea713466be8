"""How the class of a method is found, when it must be named, and when it must be mapped."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Integer, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.orm import registry as mapper_registry

from tests.unit.mediator.aggregates import Join, Joinable, Line, Meeting, create_command
from uow_events import HandlerSignatureError, Query, Registry


def refusal(method: Any, **options: Any) -> str:
    with pytest.raises(HandlerSignatureError) as caught:
        Registry().aggregate_handler(Join, method, identity="meeting", **options)
    return caught.value.problem


def plain(self: object, user: str) -> int:
    return 1


UNKNOWN = (
    "its class cannot be told from its name, as of a local class or a plain function: name the mapped class with "
    "aggregate="
)


def test_a_method_whose_class_cannot_be_found_by_its_name_needs_it_named() -> None:
    class Hidden(Meeting):
        def hide(self, user: str) -> int:
            return 1

    assert refusal(Hidden.hide) == UNKNOWN
    Registry().aggregate_handler(Join, Hidden.hide, identity="meeting", aggregate=Hidden)


def test_a_plain_function_is_no_method() -> None:
    assert refusal(plain) == UNKNOWN
    assert refusal(plain, aggregate=Meeting) == "it is no method of Meeting: a static method has no aggregate"


def test_a_static_method_is_refused() -> None:
    assert refusal(Meeting.static) == "it is no method of Meeting: a static method has no aggregate"


def test_what_is_no_function_is_refused() -> None:
    assert refusal(Meeting) == "it is no method: pass Aggregate.method, or the classmethod that creates"


def test_a_method_of_one_object_is_refused() -> None:
    assert refusal(Meeting().join) == "it is bound to one object: pass the method of the class"


def test_a_creation_of_another_class_is_refused() -> None:
    assert refusal(Meeting.create, aggregate=Line) == "it creates Meeting, but aggregate= says Line"


def test_a_method_under_another_name_is_found_by_what_it_is() -> None:
    class Renamed(Meeting):
        attend = plain

    registry = Registry()
    registry.aggregate_handler(Join, Renamed.attend, identity="meeting", aggregate=Renamed)
    assert registry.handler_of(Join).binding.name == "Renamed.attend"


class Ask(Query[int]): ...


async def answer(query: Ask) -> int:
    return 1


class Imperative:
    def join(self, user: str) -> int:
        return 1

    @classmethod
    def create(cls, user: str) -> "Imperative":
        return cls()


@pytest.fixture
def mappings() -> Iterator[mapper_registry]:
    mappings = mapper_registry()
    yield mappings
    mappings.dispose()


def unmapped(name: str) -> str:
    return (
        f"{name} is not mapped: map it before the first send, or, where it is a mixin, name the mapped class with "
        "aggregate="
    )


def test_a_class_that_is_mapped_later_is_checked_later(mappings: mapper_registry) -> None:
    handlers = Registry()
    create = create_command(str)
    handlers.aggregate_handler(Join, Imperative.join, identity={"key": "meeting"})
    handlers.aggregate_handler(create, Imperative.create)
    handlers.query_handler(answer)
    assert [fault.problem for fault in handlers.late_faults()] == [unmapped("Imperative")] * 2
    columns = [Column("id", Integer, primary_key=True)]
    mappings.map_imperatively(Imperative, Table("imperative", mappings.metadata, *columns))
    assert [str(fault) for fault in handlers.late_faults()] == [
        "The handler Imperative.join cannot be registered: its identity must map each key attribute of Imperative to "
        "a field of its own: id",
        "The handler Imperative.create cannot be registered: its command promises str, and can only have nothing "
        "(Command), the new Imperative, or its key of one column",
    ]


def test_a_class_that_was_mapped_later_may_fit(mappings: mapper_registry) -> None:
    class Late(Imperative): ...

    handlers = Registry()
    handlers.aggregate_handler(Join, Imperative.join, identity="meeting", aggregate=Late)
    mappings.map_imperatively(Late, Table("late", mappings.metadata, Column("id", Integer, primary_key=True)))
    assert [*handlers.late_faults()] == []


def test_a_mixin_is_not_the_aggregate() -> None:
    handlers = Registry()
    handlers.aggregate_handler(Join, Joinable.leave, identity="meeting")
    assert [fault.problem for fault in handlers.late_faults()] == [unmapped("Joinable")]


def test_a_class_whose_relations_are_not_defined_yet_is_registered() -> None:
    class Base(DeclarativeBase): ...

    class Early(Base):
        __tablename__ = "early"
        id: Mapped[int] = mapped_column(primary_key=True)
        guests: Mapped[list["NeverDefined"]] = relationship()  # type: ignore[name-defined]  # noqa: F821

        join = plain

    registry = Registry()
    registry.aggregate_handler(Join, Early.join, identity="meeting", aggregate=Early)
    assert [*registry.late_faults()] == []
