"""What handlers record belongs to the running invocation, never to the instance."""

import asyncio
import contextvars
from dataclasses import dataclass, field

import pytest

from uow_events import DomainEvent, NotAMessageError, NoUnitOfWorkError, UnitOfWorkClosedError
from uow_events.messages import Invocation, Record, RecordsEvents, running_invocation


@dataclass(frozen=True)
class Joined(DomainEvent):
    user: str


@dataclass(frozen=True, slots=True)
class Handler(RecordsEvents):
    name: str = "handler"

    def handle(self, user: str) -> None:
        self.record(Joined(user))


@dataclass
class Sink:
    is_open: bool = True
    taken: list[Record] = field(default_factory=list)
    failures: list[tuple[BaseException, Invocation]] = field(default_factory=list)

    def take(self, record: Record) -> None:
        self.taken.append(record)

    def failed(self, error: BaseException, invocation: Invocation) -> None:
        self.failures.append((error, invocation))


def test_outside_of_any_unit_a_handler_keeps_all_it_recorded() -> None:
    handler, other = Handler(), Handler()
    assert handler.events == ()
    handler.handle("Ann")
    handler.handle("Bob")
    assert handler.events == (Joined("Ann"), Joined("Bob"))
    assert other.events == ()


def test_outside_of_any_unit_a_callable_is_refused() -> None:
    with pytest.raises(NoUnitOfWorkError) as caught:
        Handler().record(lambda: Joined("Ann"))
    assert str(caught.value) == (
        "Recording a callable needs a running unit of work: call it from a handler, or inside `async with "
        "mediator.unit_of_work()`"
    )


def test_outside_of_any_unit_what_is_no_event_is_refused() -> None:
    with pytest.raises(NotAMessageError):
        Handler().record("text")  # type: ignore[arg-type]


def test_inside_an_invocation_a_record_goes_to_its_sink_with_its_recorder() -> None:
    sink, handler = Sink(), Handler()
    builder = lambda: Joined("later")  # noqa: E731
    with Invocation("Join", "Handler", sink) as invocation:
        handler.handle("Ann")
        handler.record(builder)
        assert handler.events == (Joined("Ann"), builder)
    assert [record.content for record in sink.taken] == [Joined("Ann"), builder]
    assert all(record.recorder is handler and record.invocation is invocation for record in sink.taken)
    assert sink.taken == invocation.records
    assert handler.events == ()


def test_a_reused_instance_neither_leaks_nor_repeats_a_record() -> None:
    handler = Handler()
    for user in ("Ann", "Bob"):
        with Invocation("Join", "Handler", None) as invocation:
            handler.handle(user)
            assert handler.events == (Joined(user),)
        assert [record.content for record in invocation.records] == [Joined(user)]


async def test_an_instance_shared_by_concurrent_tasks_keeps_their_records_apart() -> None:
    handler, both_recorded = Handler(), asyncio.Barrier(2)

    async def send(user: str) -> tuple[list[object], tuple[object, ...]]:
        with Invocation("Join", "Handler", Sink()) as invocation:
            handler.handle(user)
            await both_recorded.wait()
            handler.handle(user)
            return [record.content for record in invocation.records], handler.events

    assert await asyncio.gather(send("Ann"), send("Bob")) == [
        ([Joined("Ann")] * 2, (Joined("Ann"),) * 2),
        ([Joined("Bob")] * 2, (Joined("Bob"),) * 2),
    ]


async def test_a_task_that_a_handler_starts_records_into_the_handlers_invocation() -> None:
    handler = Handler()
    with Invocation("Join", "Handler", None) as invocation:
        await asyncio.create_task(asyncio.to_thread(handler.handle, "Ann"))
    assert [record.content for record in invocation.records] == [Joined("Ann")]


def test_two_recorders_in_one_invocation_see_their_own() -> None:
    first, second = Handler(), Handler()
    with Invocation("Join", "Handler", None):
        first.handle("Ann")
        second.handle("Bob")
        assert (first.events, second.events) == ((Joined("Ann"),), (Joined("Bob"),))


def test_recording_after_the_end_is_an_error() -> None:
    sink = Sink()
    with Invocation("Join", "Handler", sink):
        sink.is_open = False
        with pytest.raises(UnitOfWorkClosedError) as caught:
            Handler().handle("Ann")
    assert str(caught.value) == (
        "Handler.record() was used, but its unit of work has ended: await everything that uses it before the handler "
        "returns, or open a unit of work of its own"
    )


def test_invocations_nest_and_end() -> None:
    assert running_invocation() is None
    with Invocation("Join", "outer", None) as outer:
        with Invocation("Leave", "inner", None) as inner:
            assert inner.outer is outer
            assert running_invocation() is inner
        assert running_invocation() is outer
    assert running_invocation() is None


def test_an_exception_is_reported_to_the_sink_and_passes() -> None:
    sink, error = Sink(), ValueError("boom")
    with pytest.raises(ValueError, match="boom"), Invocation("Join", "outer", sink) as invocation:
        raise error
    assert sink.failures == [(error, invocation)]
    with pytest.raises(ValueError, match="boom"), Invocation("Join", "outer", None):
        raise error


def test_an_invocation_may_end_in_another_context_than_it_began_in() -> None:
    invocation = contextvars.copy_context().run(Invocation("unit_of_work()", "fixture", None).__enter__)
    invocation.__exit__(None, None, None)
    assert running_invocation() is None
