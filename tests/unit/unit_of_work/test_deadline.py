"""Deadline: what the cancellation at the limit becomes."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from uow_events import CommandTimeoutError
from uow_events.unit_of_work import Deadline

NOW = timedelta(microseconds=1)
LATER = timedelta(hours=1)


async def forever() -> None:
    await asyncio.Event().wait()


async def test_without_a_limit_nothing_happens() -> None:
    async with Deadline(None, "Do") as deadline:
        await deadline.check()
        deadline.hold()
        deadline.release()
        assert deadline.remaining is None
        assert not deadline.is_over


async def test_at_the_limit_a_timeout_leaves_with_the_cancellation_as_its_cause() -> None:
    with pytest.raises(CommandTimeoutError) as raised:
        async with Deadline(NOW, "Do"):
            await forever()
    error = raised.value
    assert (error.command, error.limit, error.running) == ("Do", NOW, "what surrounds its handler")
    assert isinstance(error.__cause__, asyncio.CancelledError)
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_an_error_that_the_expiry_led_to_is_the_cause_of_the_timeout() -> None:
    failure = KeyError()
    with pytest.raises(CommandTimeoutError) as raised:
        async with Deadline(NOW, "Do"):
            try:
                await forever()
            except asyncio.CancelledError:
                raise failure from None
    assert raised.value.__cause__ is failure


async def test_an_error_before_the_limit_leaves_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with Deadline(LATER, "Do"):
            raise KeyError


async def test_a_cancellation_from_outside_stays_one_where_both_come() -> None:
    started = asyncio.Event()

    async def work() -> None:
        async with Deadline(NOW, "Do"):
            try:
                started.set()
                await forever()
            except asyncio.CancelledError:
                inside = asyncio.current_task()
                assert inside is not None
                inside.cancel()
                await forever()

    task = asyncio.create_task(work())
    await started.wait()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_expiry_that_a_handler_caught_arrives_at_the_check() -> None:
    with pytest.raises(CommandTimeoutError):
        async with Deadline(NOW, "Do") as deadline:
            with contextlib.suppress(asyncio.CancelledError):
                await forever()
            await deadline.check()


async def test_an_expiry_that_the_loop_had_no_time_for_arrives_at_the_check() -> None:
    with pytest.raises(CommandTimeoutError):
        async with Deadline(NOW, "Do") as deadline:
            while not deadline.is_over:
                pass
            assert not deadline.has_expired
            await deadline.check()


async def test_a_held_clock_does_not_expire_and_runs_on_when_it_is_released() -> None:
    with pytest.raises(CommandTimeoutError):
        async with Deadline(NOW, "Do") as deadline:
            deadline.hold()
            while not deadline.is_over:
                await asyncio.sleep(0)
            for _ in range(5):
                await asyncio.sleep(0)
            assert not deadline.has_expired
            deadline.release()
            await forever()
