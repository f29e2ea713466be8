from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from uow_events import DomainEvent, MessageContext, NotAMessageError
from uow_events.messages import Invocation, Record, path_to

EXPECTED = "an event (DomainEvent or NotificationEvent) or a callable that builds one"


@dataclass
class Joined(DomainEvent):
    user: int = 0

    def __call__(self) -> None:
        raise AssertionError("an event is an event, even one that can be called")


@dataclass
class Undo:
    is_undone: bool


def numbers() -> Iterator[int]:
    yield from range(10)


def test_a_record_keeps_its_event_its_recorder_and_one_id() -> None:
    event = Joined()
    record = Record(event, "recorder")
    assert (record.build(), record.recorder, record.is_built, record.invocation) == (event, "recorder", True, None)
    assert record.id == record.id != Record(event, None).id
    assert record.occurred_at.tzinfo is not None


def test_a_callable_is_called_once_when_it_is_built() -> None:
    source = numbers()
    record = Record(lambda: Joined(next(source)), None)
    assert not record.is_built
    assert (record.build(), record.build(), record.is_built) == (Joined(0), Joined(0), True)


@pytest.mark.parametrize("thing", [None, "text", 3])
def test_what_is_no_event_is_refused_at_once(thing: object) -> None:
    with pytest.raises(NotAMessageError) as caught:
        Record(thing, None)  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"an object of type {type(thing).__name__} is not {EXPECTED}; derive its class from it and pass an instance"
    )


def test_an_event_class_in_place_of_an_event_is_refused() -> None:
    with pytest.raises(NotAMessageError, match="the class Joined is not an event"):
        Record(Joined, None)


async def no_builder() -> Joined:
    raise AssertionError


@pytest.mark.parametrize(("builder", "kind"), [(lambda: 3, "int"), (no_builder, "coroutine")])
def test_a_callable_that_builds_no_event_is_refused(builder: object, kind: str) -> None:
    with pytest.raises(NotAMessageError) as caught:
        Record(builder, None).build()  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"an object of type {kind} is not {EXPECTED}; derive its class from it and pass an instance"
    )


def test_a_record_is_undone_with_its_savepoint() -> None:
    record = Record(Joined(), None)
    assert not record.is_undone
    record.savepoint = Undo(False)
    assert not record.is_undone
    record.savepoint = Undo(True)
    assert record.is_undone


def test_the_path_leads_from_the_command_to_the_event() -> None:
    class Left(DomainEvent): ...

    first = Record(Joined(), None, Invocation("Join", "JoinHandler", None))
    second = Record(Left(), None, Invocation("Joined", "react", None, first))
    third = Record(no_builder, None, Invocation("Left", "react", None, second))
    assert path_to(third) == ["Join", "Joined", "Left", "no_builder"]
    assert path_to(Record(Joined(), None)) == ["Joined"]


class Sink:
    is_open = True

    def take(self, record: Record) -> None: ...

    def failed(self, error: BaseException, invocation: Invocation) -> None: ...


def test_the_path_goes_through_a_send_that_joined() -> None:
    sink = Sink()
    cause = Record(Joined(), None, Invocation("Join", "JoinHandler", sink))
    with Invocation("Joined", "react", sink, cause) as outer:
        inner = Invocation("Leave", "LeaveHandler", sink)
        other = Invocation("Leave", "LeaveHandler", Sink())
    assert path_to(inner.record(Joined(), None)) == ["Join", "Joined", "Leave", "Joined"]
    assert path_to(other.record(Joined(), None)) == ["Leave", "Joined"]
    assert (inner.surrounding, inner.causing_event) == (outer, cause)
    assert (other.surrounding, other.causing_event) == (None, None)


def test_the_path_begins_beneath_a_unit_of_works_own_body() -> None:
    sink = Sink()
    with Invocation("unit_of_work()", "unit_of_work()", sink):
        assert path_to(Invocation("Join", "JoinHandler", sink).record(Joined(), None)) == ["Join", "Joined"]


def test_a_context_is_its_own_correlation_unless_one_is_given() -> None:
    context = MessageContext()
    assert context.correlation_id == str(context.message_id)
    assert (context.causation_id, context.headers) == (None, {})
    assert MessageContext(correlation_id="outside").correlation_id == "outside"
