"""Sends many messages at a time, and tells of each what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from uow_events.brokers.faststream.limits import Limits
from uow_events.brokers.message import BrokerMessage


async def send_each(
    messages: Sequence[BrokerMessage], send: Callable[[BrokerMessage], Awaitable[object]], limits: Limits
) -> list[BaseException | None]:
    """Send the messages, begun in their order, and return what each raised; only a cancellation is raised.

    Each has its own time, and no more than `concurrency` of them are on their way.
    """
    outcomes: list[BaseException | None] = [None] * len(messages)
    todo = iter(enumerate(messages))

    async def work() -> None:
        for position, message in todo:
            outcomes[position] = await attempt(send(message), limits.seconds)

    async with asyncio.TaskGroup() as group:
        for number in range(min(limits.concurrency, len(messages))):
            group.create_task(work(), name=f"publishing {number}")
    return outcomes


async def attempt(sending: Awaitable[object], seconds: float) -> BaseException | None:
    """Await it within a limit, and return what it raised; only a cancellation of this very task is raised."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            await sending
    except (Exception, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        if limit.expired():
            return TimeoutError(f"the broker has not confirmed it within {seconds:g} s")
        if isinstance(error, asyncio.CancelledError):
            return ConnectionError("the client gave it up, with its connection")
        return error
    return None
