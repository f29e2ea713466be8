"""Every error: its message in full, its attributes, the builtin a caller expects."""

from typing import NewType, TypeVar

import pytest

from tests.unit.error_cases import CASES, Case, Meeting, handle
from uow_events import errors
from uow_events.errors import UowEventsError, name_of


@pytest.mark.parametrize("case", CASES, ids=lambda case: type(case.error).__name__)
def test_an_error_says_what_happened_to_which_object_and_what_to_do(case: Case) -> None:
    assert str(case.error) == case.message
    assert vars(case.error) == case.attributes
    assert isinstance(case.error, UowEventsError)
    assert isinstance(case.error, case.builtin)


def test_every_error_has_a_case() -> None:
    defined = {
        thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, UowEventsError)
    }
    assert defined - {UowEventsError} == {type(case.error) for case in CASES}


def test_an_object_that_is_no_message_is_named_by_its_type() -> None:
    error = errors.NotAMessageError(Meeting(), "a Command")
    assert str(error) == "an object of type Meeting is not a Command; derive its class from it and pass an instance"


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        (Meeting, "Meeting"),
        (Meeting(), "Meeting"),
        (handle, "handle"),
        (list[int], "list[int]"),
        (int | None, "int | None"),
        (TypeVar("T"), "~T"),
        (NewType("UserId", int), f"{__name__}.UserId"),
    ],
)
def test_things_are_called_what_a_reader_calls_them(thing: object, name: str) -> None:
    assert name_of(thing) == name


def test_a_local_class_is_called_without_the_function_around_it() -> None:
    class Local:
        def method(self) -> None: ...

    assert name_of(Local) == "Local"
    assert name_of(Local().method) == "Local.method"
