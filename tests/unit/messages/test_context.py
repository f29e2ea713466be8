"""Who sent a message, and why: ids, attempts, headers."""

from dataclasses import FrozenInstanceError, replace
from typing import Any
from uuid import UUID

import pytest

from uow_events import InvalidArgumentError, InvalidHeaderError, MessageContext, NotificationEvent
from uow_events.messages import Record, check_header


class Joined(NotificationEvent, topic="meetings"):
    pass


def test_a_context_without_anything_is_its_own_correlation() -> None:
    context = MessageContext()
    assert context.correlation_id == str(context.message_id)
    assert (context.causation_id, context.idempotency_key, context.attempt, context.headers) == (None, None, 1, {})


def test_headers_set_the_ids_and_are_taken_out() -> None:
    context = MessageContext(headers={"CorrelationId": "request-7", "causationid": "event-3", "tenant": "t"})
    assert (context.correlation_id, context.causation_id) == ("request-7", "event-3")
    assert context.headers == {"tenant": "t"}


def test_empty_ids_in_headers_are_none() -> None:
    context = MessageContext(headers={"correlationid": "", "causationid": ""})
    assert (context.correlation_id, context.causation_id) == (str(context.message_id), None)


def test_another_attempt_has_the_same_ids_key_and_headers() -> None:
    first = MessageContext(idempotency_key="k", headers={"causationid": "event-3", "tenant": "t"})
    second = replace(first, attempt=2)
    assert second == MessageContext(
        message_id=first.message_id,
        correlation_id=first.correlation_id,
        causation_id="event-3",
        idempotency_key="k",
        attempt=2,
        headers={"tenant": "t"},
    )
    assert hash(second) != hash(first)


def test_nobody_changes_a_context() -> None:
    given = {"tenant": "t"}
    context = MessageContext(headers=given)
    given["tenant"] = "other"
    assert context.headers == {"tenant": "t"}
    with pytest.raises(TypeError):
        context.headers["tenant"] = "other"  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        context.attempt = 2  # type: ignore[misc]


def test_headers_are_not_shown_since_they_may_hold_credentials() -> None:
    assert "secret" not in repr(MessageContext(headers={"authorization": "secret"}))


def test_a_message_sent_from_inside_another_was_caused_by_it() -> None:
    outer = MessageContext(idempotency_key="k", attempt=3, headers={"correlationid": "request-7", "tenant": "t"})
    inner = outer.caused()
    assert inner.message_id != outer.message_id
    assert inner == MessageContext(
        message_id=inner.message_id,
        correlation_id="request-7",
        causation_id=str(outer.message_id),
        headers={"tenant": "t"},
    )


def test_a_message_sent_for_an_event_was_caused_by_that() -> None:
    cause = Record(Joined(), None)
    assert MessageContext().caused(cause).causation_id == str(cause.id)


def test_a_caused_message_may_have_headers_and_a_key_of_its_own() -> None:
    outer = MessageContext(headers={"tenant": "t"})
    inner = outer.caused(headers={"causationid": "other"}, idempotency_key="k")
    assert (inner.causation_id, inner.correlation_id, inner.headers, inner.idempotency_key) == (
        "other",
        outer.correlation_id,
        {},
        "k",
    )


def test_names_that_others_look_for_get_lower_case_and_the_rest_stays() -> None:
    given = {"TraceParent": "a", "TRACESTATE": "b", "Baggage": "c", "X-Tenant": "d"}
    assert MessageContext(headers=given).headers == {
        "traceparent": "a",
        "tracestate": "b",
        "baggage": "c",
        "X-Tenant": "d",
    }


TEXT = "it holds NUL or a lone surrogate, which cannot be stored as text"
BREAK = "its value holds a control character, such as a line break, at which brokers end a header"
OWN = "each message has a CloudEvents attribute of this name, which is not the sender's; choose another name"
NAMES = "its name may hold ASCII letters, digits and !#$%&'*+-.^_`|~ only"


@pytest.mark.parametrize(
    ("headers", "name", "problem"),
    [
        ({1: "a"}, 1, "it must be a str, and is a int"),
        ({"a": b"b"}, "a", "it must be a str, and is a bytes"),
        ({"a": "\0"}, "a", TEXT),
        ({"a": "\ud800"}, "a", TEXT),
        ({"\ud800": "a"}, "\ud800", TEXT),
        ({"": "a"}, "", "its name must have 1 to 255 characters, and has 0"),
        ({"n" * 256: "a"}, "n" * 256, "its name must have 1 to 255 characters, and has 256"),
        ({"a b": "c"}, "a b", NAMES),
        ({"a:": "c"}, "a:", NAMES),
        ({"é": "c"}, "é", NAMES),
        ({"a\n": "c"}, "a\n", NAMES),
        ({"a": "b\r\nc: d"}, "a", BREAK),
        ({"a": "é" * 4096 + "b"}, "a", "its value may have 8192 bytes, and has 8193"),
        ({"Id": "a"}, "Id", OWN),
        ({"subject": "a"}, "subject", OWN),
        ({"a": "b", "A": "b"}, "A", "it is given twice; names that differ in upper and lower case only are the same"),
        (
            {f"n{number}": "" for number in range(65)},
            "n64",
            "a message may have 64 headers, and this is one more",
        ),
        ({"correlationid": "a\n"}, "correlationid", BREAK),
    ],
)
def test_a_header_that_cannot_be_carried_is_refused(headers: Any, name: object, problem: str) -> None:
    with pytest.raises(InvalidHeaderError) as raised:
        MessageContext(headers=headers)
    assert str(raised.value) == f"The header {name!r} cannot be sent: {problem}"
    assert (raised.value.name, raised.value.problem) == (name, problem)


def test_what_just_fits_is_taken() -> None:
    headers = {f"n{number}": "" for number in range(62)} | {"n" * 255: "é" * 4096, "!#$%&'*+-.^_`|~9Z": " ~é"}
    assert MessageContext(headers=headers).headers == headers


@pytest.mark.parametrize("name", ["correlation_id", "causation_id"])
def test_an_id_that_cannot_be_carried_is_refused(name: str) -> None:
    with pytest.raises(InvalidHeaderError) as raised:
        MessageContext(**{name: "a\nb"})  # type: ignore[arg-type]
    assert raised.value.name == name.replace("_", "")


@pytest.mark.parametrize("headers", [[("a", "b")], "ab", None, UUID(int=0)])
def test_headers_are_a_mapping(headers: Any) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        MessageContext(headers=headers)
    assert str(raised.value) == (
        f"The argument headers must be a mapping of str to str, and is a {type(headers).__name__}"
    )


def test_a_header_by_itself_is_checked_too() -> None:
    check_header("source", "/meetings")
    with pytest.raises(InvalidHeaderError):
        check_header("source", "a\nb")
