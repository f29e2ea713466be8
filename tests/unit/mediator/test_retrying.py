"""The loop around a command's attempts."""

import asyncio
import logging
from datetime import timedelta

import pytest
from sqlalchemy.orm.exc import StaleDataError

from uow_events import CommandTimeoutError, RetryPolicy
from uow_events.mediator.sending import retrying
from uow_events.unit_of_work import Deadline

AT_ONCE = timedelta(0)
HOUR = timedelta(hours=1)
POLICY = RetryPolicy(attempts=3, initial_wait=AT_ONCE, jitter=AT_ONCE)
SLOW = RetryPolicy(initial_wait=HOUR, max_wait=HOUR)


class Work:
    """Fails with one error after another, then answers."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.attempts: list[int] = []
        self.failed = asyncio.Event()

    async def __call__(self, attempt: int) -> str:
        self.attempts.append(attempt)
        if self.failures:
            self.failed.set()
            raise self.failures.pop(0)
        return "answer"


async def run(policy: RetryPolicy | None, work: Work, limit: timedelta | None = None) -> str:
    async with Deadline(limit, "Do") as deadline:
        return await retrying.run(policy, work, deadline)


async def test_without_a_policy_the_first_error_leaves() -> None:
    work, error = Work(StaleDataError()), StaleDataError()
    work.failures = [error]
    with pytest.raises(StaleDataError) as raised:
        await run(None, work)
    assert raised.value is error
    assert work.attempts == [1]
    assert await run(None, work) == "answer"


async def test_a_command_runs_again_until_it_answers(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(StaleDataError("a secret"), StaleDataError())
    with caplog.at_level(logging.INFO):
        assert await run(POLICY, work) == "answer"
    assert work.attempts == [1, 2, 3]
    assert caplog.messages == [
        "Do failed with StaleDataError; attempt 2 of 3 begins in 0.000 s",
        "Do failed with StaleDataError; attempt 3 of 3 begins in 0.000 s",
    ]


async def test_the_last_error_leaves_as_the_same_object_and_says_how_many_attempts_there_were() -> None:
    last = StaleDataError()
    work = Work(StaleDataError(), StaleDataError(), last)
    with pytest.raises(StaleDataError) as raised:
        await run(POLICY, work)
    assert raised.value is last
    assert last.__notes__ == ["uow_events: Do was given up after 3 attempts"]
    assert last.__cause__ is None


async def test_an_error_that_is_not_to_be_repeated_leaves_at_once() -> None:
    error = KeyError()
    work = Work(error)
    with pytest.raises(KeyError) as raised:
        await run(POLICY, work)
    assert raised.value is error
    assert not hasattr(error, "__notes__")
    assert work.attempts == [1]


async def test_a_wait_that_would_outlast_the_deadline_is_not_begun() -> None:
    error = StaleDataError()
    work = Work(error)
    with pytest.raises(StaleDataError) as raised:
        await run(SLOW, work, timedelta(minutes=30))
    assert raised.value is error
    assert work.attempts == [1]


async def test_a_cancellation_ends_a_wait() -> None:
    work = Work(StaleDataError())
    task = asyncio.create_task(run(SLOW, work))
    await work.failed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.attempts == [1]


async def test_a_cancelled_attempt_is_not_repeated() -> None:
    work = Work(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await run(RetryPolicy(on=Exception), work)
    assert work.attempts == [1]


async def test_an_error_that_the_expiry_led_to_is_not_repeated() -> None:
    attempts: list[int] = []

    async def work(attempt: int) -> str:
        attempts.append(attempt)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise StaleDataError from None
        return ""

    with pytest.raises(CommandTimeoutError):
        async with Deadline(timedelta(microseconds=1), "Do") as deadline:
            await retrying.run(POLICY, work, deadline)
    assert attempts == [1]


async def test_the_waits_grow_and_stay_within_their_bounds(caplog: pytest.LogCaptureFixture) -> None:
    millisecond = timedelta(milliseconds=1)
    policy = RetryPolicy(attempts=5, initial_wait=millisecond, max_wait=3 * millisecond, jitter=AT_ONCE)
    with caplog.at_level(logging.INFO):
        await run(policy, Work(*(StaleDataError() for _ in range(4))))
    assert [message.split()[-2] for message in caplog.messages] == ["0.001", "0.002", "0.003", "0.003"]
