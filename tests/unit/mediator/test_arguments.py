"""What a mediator may be made of: wrong arguments are named, with what they must be."""

from collections.abc import Iterator
from typing import Any, Generic, NewType, TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from uow_events import InvalidArgumentError, Mediator, Registry

T = TypeVar("T")
TYPES = "scoped must be a sequence of types, such as [Repository], and"
SCHEMA = "idempotency_schema must be None or the name of a schema, which"


class Meetings: ...


class Repository(Generic[T]): ...


def types() -> Iterator[type]:
    yield Meetings


def mediator(**given: Any) -> Mediator:
    return Mediator(create_async_engine("postgresql+asyncpg://"), Registry(), **given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scoped": AsyncSession}, f"{TYPES} is the class AsyncSession"),
        ({"scoped": "Meetings"}, f"{TYPES} is a str"),
        ({"scoped": None}, f"{TYPES} is a NoneType"),
        ({"scoped": types()}, f"{TYPES} is a generator"),
        ({"scoped": ["Meetings"]}, f"{TYPES} has 'Meetings'"),
        ({"scoped": [Meetings, 5]}, f"{TYPES} has 5"),
        ({"idempotency_schema": 5}, f"{SCHEMA} 5 is not: it must be a str, and is a int"),
        ({"idempotency_schema": ""}, f"{SCHEMA} '' is not: it must have 1 to 255 characters, and has 0"),
        (
            {"idempotency_schema": "a\0b"},
            f"{SCHEMA} 'a\\x00b' is not: it holds NUL or a lone surrogate, which cannot be stored as text",
        ),
    ],
)
def test_an_argument_that_cannot_work_is_named_with_what_it_must_be(given: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        mediator(**given)
    assert str(raised.value) == f"The argument {message}"


def test_types_of_any_form_and_any_schema_or_none_will_do() -> None:
    mediator(scoped=(Meetings, Repository[int], NewType("Tenant", str)), idempotency_schema=None)
    mediator(scoped=[], idempotency_schema="Tenant 1")
