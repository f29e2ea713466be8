"""G7 without a database: what leaves when handlers that run concurrently fail, and that nothing runs on."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.events.concurrent import Followed, Happened, Pipeline, Source, Told, record
from uow_events import BrokerNotConfiguredError, EventStormError, UnhandledEventError


class Frozen(Exception):
    def add_note(self, note: str) -> None:
        raise AttributeError("frozen")


def waits_for_ever(ended: list[str]) -> Callable[[Any], Any]:
    async def waits(event: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("sibling")

    return waits


def failing(error: BaseException, together: asyncio.Barrier) -> Callable[[Any], Any]:
    async def fails(event: Any) -> None:
        await together.wait()
        raise error

    return fails


async def test_a_failure_cancels_and_awaits_the_siblings_and_leaves_as_it_is() -> None:
    ended: list[str] = []
    source, pipeline, error = Source(Happened("1"), Happened("2")), Pipeline(limit=2), KeyError("mine")
    pipeline.on(Happened, waits_for_ever(ended), "waits")
    pipeline.on(Happened, failing(error, asyncio.Barrier(1)), "fails")
    before = asyncio.all_tasks()
    with pytest.raises(KeyError) as raised:
        await pipeline.drain_from(source)
    assert raised.value is error
    assert not hasattr(error, "__notes__")
    assert ended == ["sibling"]
    assert pipeline.seen == ["waits 1", "fails 1"]
    assert asyncio.all_tasks() == before
    assert source.failure is not None
    assert (source.failure[0], source.failure[1].handler) == (error, "fails")


async def test_of_several_failures_the_first_in_order_leaves_with_notes_on_the_others() -> None:
    together = asyncio.Barrier(3)
    first, second, third = ValueError("secret 1"), KeyError("secret 2"), OSError("secret 3")
    pipeline = Pipeline(limit=3)
    pipeline.on(Happened, failing(first, together), "a")
    pipeline.on(Happened, failing(second, together), "b")
    pipeline.on(Followed, failing(third, together), "c")
    source = Source(Happened("1"), Followed("2"))
    with pytest.raises(ValueError) as raised:
        await pipeline.drain_from(source)
    assert raised.value is first
    assert first.__notes__ == [
        "uow_events: b, handling Do -> Happened, failed as well: KeyError",
        "uow_events: c, handling Do -> Followed, failed as well: OSError",
    ]
    assert source.failure is not None
    assert (source.failure[0], source.failure[1].handler) == (first, "a")


async def test_what_a_sibling_raises_while_it_is_cancelled_is_a_note() -> None:
    """Even where it comes first in breadth-first order."""
    error = KeyError("mine")

    async def breaks(event: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("cleaning up")

    pipeline = Pipeline(limit=2)
    pipeline.on(Happened, breaks, "breaks")
    pipeline.on(Happened, failing(error, asyncio.Barrier(1)), "fails")
    with pytest.raises(KeyError) as raised:
        await pipeline.drain(Happened())
    assert raised.value is error
    assert error.__notes__ == ["uow_events: breaks, handling Do -> Happened, failed while it was cancelled: OSError"]


async def test_an_exception_that_takes_no_note_leaves_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    together, error = asyncio.Barrier(2), Frozen()
    pipeline = Pipeline()
    pipeline.on(Happened, failing(error, together), "a")
    pipeline.on(Happened, failing(KeyError("secret"), together), "b")
    with caplog.at_level(logging.WARNING, "uow_events"), pytest.raises(Frozen) as raised:
        await pipeline.drain(Happened())
    assert raised.value is error
    assert [entry.getMessage() for entry in caplog.records] == [
        "uow_events: b, handling Do -> Happened, failed as well: KeyError (Frozen takes no note)"
    ]


async def test_a_cancellation_from_outside_cancels_and_awaits_all() -> None:
    ended: list[str] = []
    started = asyncio.Barrier(3)
    pipeline = Pipeline(limit=2)

    async def breaks(event: Any) -> None:
        await started.wait()
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("cleaning up")

    async def waits(event: Any) -> None:
        await started.wait()
        await waits_for_ever(ended)(event)

    pipeline.on(Happened, waits, "waits")
    pipeline.on(Happened, breaks, "breaks")
    pipeline.on(Happened, waits, "never starts")
    task = asyncio.create_task(pipeline.drain(Happened()))
    await started.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    assert raised.value.__notes__ == [
        "uow_events: breaks, handling Do -> Happened, failed while it was cancelled: OSError"
    ]
    assert ended == ["sibling"]
    assert pipeline.seen == ["waits ", "breaks "]


async def test_a_cancelled_error_of_a_handlers_own_is_a_failure_and_no_silence() -> None:
    """A TaskGroup takes a task that ends so for one that was cancelled on purpose, and goes on."""
    ended: list[str] = []
    pipeline = Pipeline(limit=2)
    pipeline.on(Happened, waits_for_ever(ended), "waits")
    pipeline.on(Happened, failing(asyncio.CancelledError("its own"), asyncio.Barrier(1)), "fails")
    with pytest.raises(asyncio.CancelledError, match="its own"):
        await pipeline.drain(Happened())
    assert ended == ["sibling"]


async def test_a_swallowed_cancellation_starts_nothing_more_and_loses_nothing() -> None:
    async def swallows(event: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            record(Followed())

    pipeline = Pipeline(limit=2)
    pipeline.on(Happened, swallows, "swallows")
    pipeline.on(Happened, failing(KeyError("mine"), asyncio.Barrier(1)), "fails")
    pipeline.on(Followed, lambda _: None, "never")
    with pytest.raises(KeyError):
        await pipeline.drain(Happened())
    assert pipeline.seen == ["swallows ", "fails "]


async def test_a_handler_that_cancels_itself_and_goes_on_keeps_its_follow_ups() -> None:
    async def cancels_itself(event: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            record(Followed())

    pipeline = Pipeline()
    pipeline.on(Happened, cancels_itself, "cancels")
    pipeline.on(Followed, lambda _: None, "follows")
    await pipeline.drain(Happened())
    assert pipeline.seen == ["cancels ", "follows "]


async def test_a_task_that_is_cancelled_before_it_began_hinders_nothing() -> None:
    pipeline = Pipeline(limit=2)

    async def cancels(event: Any) -> None:
        task.cancel()  # it wakes up after the place of "ends" has been taken
        await asyncio.Event().wait()

    pipeline.on(Happened, lambda _: None, "ends")
    pipeline.on(Happened, cancels, "cancels")
    pipeline.on(Happened, lambda _: None, "never starts")
    task = asyncio.create_task(pipeline.drain(Happened()))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pipeline.seen == ["ends ", "cancels "]


async def test_the_limit_of_events_holds_and_names_the_path() -> None:
    pipeline = Pipeline(limit=2, max_events=5)
    pipeline.on(Happened, lambda _: record(Followed()), "there")
    pipeline.on(Followed, lambda _: record(Happened()), "back")
    with pytest.raises(EventStormError) as raised:
        await pipeline.drain(Happened())
    assert str(raised.value) == (
        "More than 5 events in one unit of work; the last one came by Do -> ... -> Followed -> Happened -> "
        "Followed. Break the cycle, or raise max_events. Everything was rolled back"
    )


async def test_the_limit_of_events_holds_for_those_given_at_once() -> None:
    pipeline = Pipeline(max_events=2)
    pipeline.on(Happened, lambda _: None, "hears")
    with pytest.raises(EventStormError):
        await pipeline.drain(Happened(), Happened(), Happened())
    assert pipeline.seen == []


async def test_an_event_that_nobody_hears_may_be_an_error() -> None:
    pipeline = Pipeline(unhandled_events="error")
    pipeline.on(Happened, lambda _: record(Followed()), "hears")
    with pytest.raises(UnhandledEventError):
        await pipeline.drain(Happened())


async def test_a_notification_needs_a_channel() -> None:
    pipeline = Pipeline()
    pipeline.channel = None  # type: ignore[assignment]
    with pytest.raises(BrokerNotConfiguredError):
        await pipeline.drain(Told())


def test_a_keyboard_interrupt_leaves_the_event_loop() -> None:
    ended: list[str] = []

    async def run() -> None:
        pipeline = Pipeline(limit=2)
        pipeline.on(Happened, waits_for_ever(ended), "waits")
        pipeline.on(Happened, failing(KeyboardInterrupt(), asyncio.Barrier(1)), "fails")
        pipeline.on(Happened, lambda _: None, "never")
        try:
            await pipeline.drain(Happened())
        finally:
            ended.extend(pipeline.seen)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run())
    assert ended == ["sibling", "waits ", "fails "]
