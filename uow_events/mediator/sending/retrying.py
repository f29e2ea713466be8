"""Runs a command again where its policy says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    wait_exponential,
    wait_random,
)

from uow_events.messages import add_note
from uow_events.unit_of_work import Deadline, RetryPolicy

T = TypeVar("T")
logger = logging.getLogger("uow_events")


async def run(policy: RetryPolicy | None, attempt: Callable[[int], Awaitable[T]], deadline: Deadline) -> T:
    """Call `attempt` with 1, 2 and so on until it returns, or fails for good; the last error leaves as it is.

    A wait ends with a cancellation, and is not begun where it would outlast the deadline.
    """
    if policy is None:
        return await attempt(1)
    attempts = 0

    async def once() -> T:
        nonlocal attempts
        attempts += 1
        return await attempt(attempts)

    try:
        return await _retrying(policy, deadline)(once)
    except Exception as error:
        if attempts > 1:
            add_note(error, f"uow_events: {deadline.command} was given up after {attempts} attempts")
        raise


def _retrying(policy: RetryPolicy, deadline: Deadline) -> AsyncRetrying:
    def is_given_up(state: RetryCallState) -> bool:
        remaining = deadline.remaining
        outlasts = remaining is not None and state.upcoming_sleep >= remaining
        return outlasts or state.attempt_number >= policy.attempts

    def about_to_wait(state: RetryCallState) -> None:
        assert state.outcome is not None
        upcoming = state.attempt_number + 1
        deadline.running = f"the wait before attempt {upcoming}"
        logger.info(
            "%s failed with %s; attempt %d of %d begins in %.3f s",
            deadline.command,
            type(state.outcome.exception()).__name__,
            upcoming,
            policy.attempts,
            state.upcoming_sleep,
        )

    initial = policy.initial_wait.total_seconds()
    backoff = wait_exponential(multiplier=initial, exp_base=policy.multiplier, max=policy.max_wait)
    return AsyncRetrying(
        sleep=asyncio.sleep,
        stop=is_given_up,
        wait=backoff + wait_random(0, policy.jitter),
        retry=retry_if_exception(policy.applies_to),
        before_sleep=about_to_wait,
        reraise=True,
    )
