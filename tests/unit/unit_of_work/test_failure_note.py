import asyncio
import logging
from dataclasses import dataclass

import pytest

from uow_events import DomainEvent
from uow_events.messages import Invocation, Record
from uow_events.unit_of_work.failure_note import annotate, interrupted


class Joined(DomainEvent): ...


def note(failure: Invocation | None, own: bool = True) -> list[str]:
    error = ValueError("boom")
    annotate(error, (error if own else ValueError("boom"), failure) if failure else None, "JoinMeeting")
    return error.__notes__


def chain(length: int) -> Record:
    record = Record(Joined(), None, Invocation("JoinMeeting", "JoinHandler", None))
    for _ in range(length - 1):
        record = Record(Joined(), None, Invocation("Joined", "react", None, record))
    return record


def test_a_failed_command_handler_is_named() -> None:
    assert note(Invocation("JoinMeeting", "JoinHandler", None)) == [
        "uow_events: JoinMeeting (JoinHandler) failed; everything was rolled back"
    ]


def test_a_failed_event_handler_is_named_with_the_way_to_it() -> None:
    assert note(Invocation("Joined", "react", None, chain(2))) == [
        "uow_events: react, handling JoinMeeting -> Joined -> Joined, failed; everything was rolled back"
    ]


def test_a_long_way_is_shortened() -> None:
    assert note(Invocation("Joined", "react", None, chain(7)))[0].count("Joined") == 7
    assert note(Invocation("Joined", "react", None, chain(8))) == [
        "uow_events: react, handling JoinMeeting -> Joined -> ... -> Joined -> Joined -> Joined -> Joined, failed; "
        "everything was rolled back"
    ]


def test_an_exception_that_came_from_no_handler_names_the_command() -> None:
    expected = ["uow_events: JoinMeeting failed; everything was rolled back"]
    assert note(None) == note(Invocation("Other", "other", None), own=False) == expected


def test_an_exception_that_takes_no_note_stays_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    @dataclass(frozen=True)
    class Frozen(Exception):
        code: int

    error = Frozen(3)
    annotate(error, None, "JoinMeeting")
    assert not hasattr(error, "__notes__")
    assert caplog.record_tuples == [
        (
            "uow_events",
            logging.WARNING,
            "uow_events: JoinMeeting failed; everything was rolled back (Frozen takes no note)",
        )
    ]


def test_what_a_cancellation_stopped_is_the_innermost_handler_and_the_operation_of_its_session() -> None:
    error, other = asyncio.CancelledError(), asyncio.CancelledError()
    invocation = Invocation("Joined", "react", None, chain(2))
    way = "react, handling JoinMeeting -> Joined -> Joined"
    assert interrupted(error, None, None, "Do") == "Do"
    assert interrupted(error, None, (error, "session.flush()"), "Do") == "Do, in session.flush()"
    assert interrupted(error, (error, invocation), None, "Do") == way
    assert interrupted(error, (other, invocation), (other, "session.execute()"), "Do") == f"{way}, in session.execute()"
    assert interrupted(error, (KeyError(), invocation), None, "Do") == "Do"


def test_an_operation_whose_cancellation_a_handler_caught_is_not_what_was_stopped_later() -> None:
    caught, later = asyncio.CancelledError(), asyncio.CancelledError()
    assert interrupted(later, None, (caught, "session.execute()"), "Do") == "Do"
