"""Sending many messages at a time, without a broker."""

import asyncio
from datetime import timedelta

import pytest

from uow_events import BrokerMessage
from uow_events.brokers.faststream.limits import Limits
from uow_events.brokers.faststream.pipelining import send_each
from uow_events.testing import make_message

LONG = timedelta(seconds=60)


def messages(count: int) -> list[BrokerMessage]:
    return [make_message("t", b"%d" % number) for number in range(count)]


async def test_as_many_are_on_their_way_as_allowed_and_no_more() -> None:
    running, most, full = 0, 0, asyncio.Event()

    async def send(message: BrokerMessage) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 3:
            full.set()
        await full.wait()
        await asyncio.sleep(0)
        running -= 1

    assert await send_each(messages(10), send, Limits(LONG, 3)) == [None] * 10
    assert most == 3


async def test_outcomes_stand_in_the_order_of_the_messages() -> None:
    failures = {b"%d" % number: LookupError(number) for number in (1, 4)}
    last_is_out = asyncio.Event()

    async def send(message: BrokerMessage) -> None:
        if message.payload == b"5":
            last_is_out.set()
        await last_is_out.wait()
        if error := failures.get(message.payload):
            raise error

    outcomes = await send_each(messages(6), send, Limits(LONG, 6))
    assert outcomes == [None, failures[b"1"], None, None, failures[b"4"], None]


async def test_each_message_has_a_time_of_its_own() -> None:
    async def send(message: BrokerMessage) -> None:
        if message.payload == b"0":
            await asyncio.Event().wait()

    late, *others = await send_each(messages(3), send, Limits(timedelta(milliseconds=10), 1))
    assert isinstance(late, TimeoutError)
    assert str(late) == "the broker has not confirmed it within 0.01 s"
    assert others == [None, None]


async def test_a_timeout_of_the_client_stays_what_it_is() -> None:
    async def send(message: BrokerMessage) -> None:
        raise TimeoutError("the client's")

    (outcome,) = await send_each(messages(1), send, Limits(LONG, 1))
    assert str(outcome) == "the client's"


async def test_a_cancellation_by_the_client_is_a_lost_connection() -> None:
    async def send(message: BrokerMessage) -> None:
        raise asyncio.CancelledError

    first, second = await send_each(messages(2), send, Limits(LONG, 2))
    assert isinstance(first, ConnectionError)
    assert isinstance(second, ConnectionError)
    assert str(first) == "the client gave it up, with its connection"


async def test_a_cancellation_from_outside_ends_everything() -> None:
    begun, ended = asyncio.Event(), []

    async def send(message: BrokerMessage) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(message.payload)

    task = asyncio.create_task(send_each(messages(5), send, Limits(LONG, 2)))
    await begun.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == [b"0", b"1"]
