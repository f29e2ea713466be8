from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

import pytest

from uow_events import NotAMessageError, NotificationError, NotificationEvent, notification
from uow_events.messages import key_of, topic_of, wire_name


class Colour(Enum):
    RED = "red"


@dataclass
class Keyed(NotificationEvent, topic="meetings", key="id"):
    id: Any


class Inheriting(Keyed): ...


class Renamed(Keyed, name="renamed.v2"): ...


class Again(Renamed): ...


class Moved(Renamed, topic="elsewhere"): ...


class Unkeyed(NotificationEvent, topic="meetings"): ...


class Topicless(NotificationEvent): ...


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("a", "a"),
        (7, "7"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        ("é" * 255, "é" * 255),
        (Colour.RED, "red"),
    ],
)
def test_a_key_is_text_an_integer_or_a_uuid(key: object, text: str) -> None:
    assert key_of(Keyed(key)) == text


def test_an_event_without_a_key_field_has_no_key() -> None:
    assert key_of(Unkeyed()) is None


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(NotificationError) as caught:
        call(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (None, "its key must be a str, int or UUID, and is a NoneType"),
        (1.5, "its key must be a str, int or UUID, and is a float"),
        ("", "it must have 1 to 255 characters, and has 0"),
        ("x" * 256, "it must have 1 to 255 characters, and has 256"),
        ("a\0", "it holds NUL or a lone surrogate, which cannot be stored as text"),
        ("\udfff", "it holds NUL or a lone surrogate, which cannot be stored as text"),
    ],
)
def test_a_key_that_cannot_be_stored_is_refused_naming_its_field(key: object, problem: str) -> None:
    assert refusal(key_of, Keyed(key)) == f"The notification event Keyed (field 'id') cannot be published: {problem}"


def test_a_key_field_that_is_missing_is_refused() -> None:
    @dataclass
    class Mistyped(NotificationEvent, topic="t", key="meeting"):
        meeting_id: int

    assert refusal(key_of, Mistyped(1)) == (
        "The notification event Mistyped (field 'meeting') cannot be published: its key must be a str, int or UUID, "
        "and is a NoneType"
    )


def test_an_event_without_a_topic_is_refused_with_the_way_out() -> None:
    assert refusal(topic_of, Topicless) == (
        "The notification event Topicless cannot be published: it has no topic; declare it as "
        '`class X(NotificationEvent, topic="...")` or with @notification(topic=...)'
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it must have 1 to 255 characters, and has 0"),
        ("x" * 256, "it must have 1 to 255 characters, and has 256"),
        ("\0", "it holds NUL or a lone surrogate, which cannot be stored as text"),
        ("\ud800", "it holds NUL or a lone surrogate, which cannot be stored as text"),
    ],
)
def test_topics_and_names_that_cannot_be_stored_are_refused(text: str, problem: str) -> None:
    class Bad(NotificationEvent, topic=text): ...

    assert refusal(topic_of, Bad) == f"The notification event Bad (field 'topic') cannot be published: {problem}"
    if text:
        named = notification(topic="t", name=text)(Topicful)
        assert refusal(wire_name, named) == (
            f"The notification event Topicful (field 'name') cannot be published: {problem}"
        )


class Topicful(NotificationEvent): ...


def test_topic_and_key_are_inherited_and_the_name_is_not() -> None:
    assert (topic_of(Inheriting), key_of(Inheriting(1)), wire_name(Inheriting)) == ("meetings", "1", "Inheriting")
    assert (topic_of(Renamed), wire_name(Renamed)) == ("meetings", "renamed.v2")
    assert (topic_of(Again), wire_name(Again)) == ("meetings", "Again")
    assert (topic_of(Moved), key_of(Moved(1)), wire_name(Moved)) == ("elsewhere", "1", "Moved")
    assert (topic_of(Keyed), wire_name(Keyed)) == ("meetings", "Keyed")


def test_the_decorator_adds_to_class_keywords() -> None:
    @notification(topic="decorated")
    class Both(NotificationEvent, topic="keyword", name="both.v1", key="id"): ...

    assert (topic_of(Both), wire_name(Both), Both.__notification__.key) == ("decorated", "both.v1", "id")


def test_the_second_build_of_a_slots_dataclass_keeps_its_options() -> None:
    seen: list[type] = []

    class Watched(NotificationEvent):
        def __init_subclass__(cls, **keywords: Any) -> None:
            super().__init_subclass__(**keywords)
            seen.append(cls)

    @dataclass(frozen=True, slots=True)
    class Twice(Watched, topic="twice", key="id", name="twice.v1"):
        id: int

    assert [cls.__qualname__ for cls in seen] == [Twice.__qualname__] * 2
    assert (topic_of(Twice), key_of(Twice(1)), wire_name(Twice)) == ("twice", "1", "twice.v1")


def test_the_decorator_is_for_notification_events() -> None:
    with pytest.raises(NotAMessageError) as caught:
        notification(topic="t")(int)
    assert str(caught.value) == (
        "the class int is not a NotificationEvent; derive its class from it and pass an instance"
    )
