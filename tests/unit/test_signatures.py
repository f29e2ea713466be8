"""What callables ask for, and whether two annotations contradict each other."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, Protocol, TypedDict, TypeVar

import pytest

from uow_events.errors import UnresolvableDependencyError
from uow_events.signatures import (
    UNANNOTATED,
    Parameter,
    arguments_for,
    conflicts,
    is_value_type,
    parameters_of,
    return_type_of,
    without_none,
)

T = TypeVar("T")
UserId = NewType("UserId", int)


class Clock: ...


class Fast(Clock): ...


class Ticking(Protocol):
    def tick(self) -> None: ...


class Row(TypedDict):
    id: int


class Color(Enum):
    RED = 1


class Name(str): ...


def parameter(name: str, kind: Any, default: Any = UNANNOTATED, positional_only: bool = False) -> Parameter:
    return Parameter(name, kind, default, positional_only)


def test_a_functions_parameters_are_reflected() -> None:
    def handle(a: int, /, b, c: Annotated[Clock, "mine"], *args: str, d: Clock | None = None, **more: str) -> None:  # type: ignore[no-untyped-def]
        ...

    assert parameters_of(handle) == (
        parameter("a", int, positional_only=True),
        parameter("b", UNANNOTATED),
        parameter("c", Clock),
        parameter("d", Clock | None, None),
    )


def test_a_constructors_parameters_come_without_self() -> None:
    @dataclass(slots=True, kw_only=True)
    class Service:
        clock: Clock

    class Pair(NamedTuple):
        clock: Clock

    class Bare: ...

    assert parameters_of(Service) == parameters_of(Pair) == (parameter("clock", Clock),)
    assert parameters_of(Bare) == ()


@pytest.mark.parametrize("kind", [str, int, datetime, Path, Color, Name, list, dict, Any, object])
def test_plain_values_are_nothing_a_container_makes_up(kind: Any) -> None:
    assert is_value_type(kind)
    assert not parameter("a", kind).is_injectable


@pytest.mark.parametrize("kind", [Clock, Ticking, UserId, list[int]])
def test_everything_else_may_be_had(kind: Any) -> None:
    assert not is_value_type(kind)
    assert parameter("a", kind).is_injectable


def test_a_parameter_without_annotation_cannot_be_injected() -> None:
    assert not parameter("a", UNANNOTATED).is_injectable


def resolver(known: Mapping[Any, object], broken: Sequence[Any] = ()) -> Callable[[Any], Any]:
    def resolve(kind: Any) -> object:
        if kind in broken:
            raise UnresolvableDependencyError(kind, "it is broken", "mend it", is_known=True)
        if kind not in known:
            raise UnresolvableDependencyError(kind, "nothing is bound to it", "bind it")
        return known[kind]

    return resolve


def test_arguments_are_resolved_by_type_and_passed_as_they_must_be() -> None:
    asked = [parameter("a", int, positional_only=True), parameter("b", Clock)]
    assert arguments_for(asked, resolver({int: 1, Clock: 2})) == ([1], {"b": 2})


def test_a_default_stays_only_for_what_the_container_does_not_know() -> None:
    asked = [parameter("a", int, 1, True), parameter("b", Clock, 2, True), parameter("c", UNANNOTATED, 3)]
    assert arguments_for(asked, resolver({Clock: "clock"})) == ([1, "clock"], {"c": 3})
    assert arguments_for(asked, resolver({int: "bound"})) == (["bound", 2], {"c": 3})


def test_a_dependency_that_cannot_be_built_is_never_replaced_by_a_default() -> None:
    with pytest.raises(UnresolvableDependencyError, match="it is broken"):
        arguments_for([parameter("a", Clock, None)], resolver({}, broken=[Clock]))


def test_what_something_deeper_misses_is_never_replaced_by_a_default() -> None:
    def resolve(kind: Any) -> object:
        raise UnresolvableDependencyError(int, "nothing is bound to it", "bind it")

    with pytest.raises(UnresolvableDependencyError, match="int cannot be resolved"):
        arguments_for([parameter("a", Clock, None)], resolve)


def test_without_a_default_what_is_unknown_is_an_error() -> None:
    with pytest.raises(UnresolvableDependencyError, match="int cannot be resolved"):
        arguments_for([parameter("a", int)], resolver({}))


def test_what_a_function_returns_is_what_awaiting_it_gives() -> None:
    async def is_async() -> int: ...  # type: ignore[empty-body]

    async def gives_later() -> Awaitable[int]: ...  # type: ignore[empty-body]

    def later() -> Coroutine[Any, Any, int]: ...  # type: ignore[empty-body]

    def silent(): ...  # type: ignore[no-untyped-def]

    assert [return_type_of(function) for function in (is_async, later, gives_later, silent)] == [
        int,
        int,
        Awaitable[int],
        UNANNOTATED,
    ]


@pytest.mark.parametrize(
    ("promised", "returned"),
    [
        (int, int),
        (int, bool),
        (float, int),
        (Clock, Fast),
        (None, type(None)),
        (type(None), None),
        (Any, int),
        (int, Any),
        (UNANNOTATED, int),
        (int, UNANNOTATED),
        (T, int),
        (int, T),
        (Clock | None, Fast),
        (Clock | None, Fast | None),
        (int | str | None, str | int),
        (Sequence[int], list[int]),
        (list[Clock], list[Fast]),
        (list[int], list),
        (Ticking, Clock),
        (Row, dict),
        (UserId, int),
        (Literal["a"], Literal["b"]),
        (list[Any], list[int]),
    ],
)
def test_annotations_that_may_fit_do_not_conflict(promised: Any, returned: Any) -> None:
    assert not conflicts(promised, returned)


@pytest.mark.parametrize(
    ("promised", "returned"),
    [
        (int, str),
        (None, int),
        (int, None),
        (int, float),
        (Fast, Clock),
        (Clock, Clock | None),
        (int | None, str),
        (list[int], list[str]),
        (list[int], dict[str, int]),
        (int, list[int]),
        (dict[str, Clock], dict[str, int]),
    ],
)
def test_annotations_that_contradict_each_other_conflict(promised: Any, returned: Any) -> None:
    assert conflicts(promised, returned)


@pytest.mark.parametrize(
    ("kind", "plain"), [(Clock | None, Clock), (int | str, int | str), (int | str | None, int | str | None), (int, int)]
)
def test_an_optional_type_is_the_type(kind: Any, plain: Any) -> None:
    assert without_none(kind) == plain
