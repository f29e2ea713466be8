"""G7 without a database: ways to the session that are not seen beforehand, and that they never deadlock."""

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from tests.unit.events.concurrent import Followed, Happened, Pipeline, Source
from uow_events import EventMap, SessionOwnershipError
from uow_events.messages import Invocation, running_invocation

CHANGED: ContextVar[str] = ContextVar("changed", default="as it was")


def running() -> Invocation:
    invocation = running_invocation()
    assert invocation is not None
    return invocation


class Sends:
    """Handlers that want the turn in their midst, and a holder that has it until the first of them waits for it."""

    def __init__(self, limit: int) -> None:
        self.source = Source(Followed("0"), Happened("1"), Followed("2"), Happened("3"))
        self.waits = asyncio.Event()
        self.together = asyncio.Barrier(2)
        self.pipeline = Pipeline(limit=limit)
        self.pipeline.on(Followed, self.hold, "holder", holds=True)
        self.pipeline.on(Happened, self.send, "sends")

    async def hold(self, event: Followed) -> None:
        if event.name == "0":
            await self.waits.wait()

    async def send(self, event: Happened) -> None:
        self.waits.set()
        async with self.source.turn.taken(running()):
            await asyncio.sleep(0)
            self.pipeline.seen.append(f"sent {event.name}")
        await self.together.wait()

    async def drain(self) -> list[str]:
        async with asyncio.timeout(20):
            await self.pipeline.drain_from(self.source)
        return self.pipeline.seen


async def test_a_nested_send_never_deadlocks_with_a_ready_holder() -> None:
    """Holder 2 comes before send 3, but both places are taken, and by handlers that end only after both have sent."""
    assert await Sends(limit=2).drain() == ["holder 0", "sends 1", "sends 3", "sent 1", "sent 3", "holder 2"]


async def test_the_turn_goes_to_the_first_among_those_that_wait_and_ready_holders() -> None:
    assert await Sends(limit=4).drain() == ["holder 0", "sends 1", "sends 3", "sent 1", "holder 2", "sent 3"]


async def test_using_the_session_unseen_is_an_error_that_names_the_handler() -> None:
    source, pipeline = Source(Happened("1")), Pipeline()
    pipeline.on(Happened, lambda _: source.flush(), "unseen")
    with pytest.raises(SessionOwnershipError) as raised:
        await pipeline.drain_from(source)
    assert (raised.value.handler, raised.value.running) == ("unseen", "nobody")


async def test_a_task_left_behind_with_the_turn_delays_holders_and_loses_none() -> None:
    source, leave = Source(Happened("1"), Followed("2")), asyncio.Event()
    pipeline = Pipeline(limit=2)
    left: list[asyncio.Task[Any]] = []

    async def holds_on() -> None:
        async with source.turn.taken(running()):
            pipeline.seen.append("task has it")
            await leave.wait()

    async def leaves_a_task(event: Happened) -> None:
        with Invocation("Inner", "inner", source):
            left.append(asyncio.create_task(holds_on()))
        while source.turn.holder is None:
            await asyncio.sleep(0)

    async def frees(event: Happened) -> None:
        while not left or source.turn.holder is None:
            await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(lambda: asyncio.get_running_loop().call_soon(leave.set))

    pipeline.on(Happened, leaves_a_task, "leaves")
    pipeline.on(Happened, frees, "frees")
    pipeline.on(Followed, lambda _: None, "holder", holds=True)
    async with asyncio.timeout(20):
        await pipeline.drain_from(source)
        await asyncio.gather(*left)
    assert pipeline.seen == ["leaves 1", "frees 1", "task has it", "holder 2"]


async def test_a_handler_that_gives_the_turn_back_starts_others_without_its_context_variables() -> None:
    sends, found = Sends(limit=4), list[str]()

    async def send(event: Happened) -> None:
        CHANGED.set("by a sender")
        await sends.send(event)

    async def hold(event: Followed) -> None:
        found.append(CHANGED.get())
        await sends.hold(event)

    sends.pipeline.events = EventMap()
    sends.pipeline.on(Followed, hold, "holder", holds=True)
    sends.pipeline.on(Happened, send, "sends")
    assert (await sends.drain())[-2:] == ["holder 2", "sent 3"]
    assert found == ["as it was", "as it was"]


async def test_notes_name_the_command_that_failed_inside_of_a_handler() -> None:
    together, errors = asyncio.Barrier(2), [ValueError("first"), KeyError("second")]

    async def fails(error: Exception) -> None:
        with Invocation("Inner", "inner", source):
            await together.wait()
            raise error

    source, pipeline = Source(Happened("1")), Pipeline()
    pipeline.on(Happened, lambda _: fails(errors[0]), "a")
    pipeline.on(Happened, lambda _: fails(errors[1]), "b")
    with pytest.raises(ValueError) as raised:
        await pipeline.drain_from(source)
    assert raised.value.__notes__ == ["uow_events: inner, handling Do -> Happened -> Inner, failed as well: KeyError"]
    assert source.failure is not None
    assert source.failure[1].handler == "inner"
