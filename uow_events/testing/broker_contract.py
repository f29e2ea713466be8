"""The tests that every broker passes, for brokers of one's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import uuid4

import pytest

from uow_events.brokers import Broker, BrokerMessage
from uow_events.errors import MessageRefusedError

MANY = 1000


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a consumer finds of a BrokerMessage; `headers` under the names that they had in it."""

    key: str | None
    payload: bytes
    headers: Mapping[str, str]


Read: TypeAlias = Callable[[str], Awaitable[Sequence[Arrived]]]


def make_message(topic: str, payload: bytes, *, key: str | None = None, **headers: str) -> BrokerMessage:
    """Return a message as an outbox makes it, with headers of a sender beside those that every message has."""
    id, now = uuid4(), datetime.now(UTC)
    attributes = {"id": str(id), "source": "/contract", "type": "ContractTested", "time": now.isoformat()}
    fixed = {"specversion": "1.0", "datacontenttype": "application/json", "correlationid": "c-1", "causationid": "c-2"}
    return BrokerMessage(
        id=id,
        topic=topic,
        key=key,
        type="ContractTested",
        payload=payload,
        headers={**headers, **attributes, **fixed},
        occurred_at=now,
    )


@pytest.mark.asyncio
class BrokerContract:
    """Derive a test class from it, with these fixtures, and pytest runs the contract of Broker on it.

    - `broker`: the Broker, connected.
    - `topic`: a topic that takes messages, and is empty.
    - `read`: an async function that takes a topic and returns what has arrived there, oldest first per key, as
      `Arrived`. Each test calls it at most once.
    - `refused`: a message that the broker refuses for good; None, the default, leaves the tests of it out.
    """

    @pytest.fixture
    def refused(self) -> BrokerMessage | None:
        """Return None: nothing is refused for good."""
        return None

    async def test_bytes_key_and_headers_arrive_as_they_are(self, broker: Broker, topic: str, read: Read) -> None:
        """Not as JSON, not decoded: whatever the bytes are; header values are any text."""
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        message = make_message(topic, bytes(range(256)), key="ключ 7%", traceparent=trace, tenant="Zürich 100%")
        assert list(await broker.publish([message])) == [None]
        (arrived,) = await read(topic)
        assert (arrived.key, arrived.payload) == (message.key, message.payload)
        assert {name: arrived.headers.get(name) for name in message.headers} == dict(message.headers)

    async def test_a_message_without_a_key_and_one_without_bytes_arrive(
        self, broker: Broker, topic: str, read: Read
    ) -> None:
        """Neither is a special case."""
        assert list(await broker.publish([make_message(topic, b"")])) == [None]
        (arrived,) = await read(topic)
        assert (arrived.key, arrived.payload) == (None, b"")

    async def test_an_empty_batch_has_no_outcomes(self, broker: Broker) -> None:
        """Nothing is sent, and nothing raised."""
        assert list(await broker.publish([])) == []

    async def test_many_messages_of_one_call_are_all_confirmed(self, broker: Broker, topic: str, read: Read) -> None:
        """As many outcomes as messages, and each message once."""
        messages = [make_message(topic, b"%d" % number, key=str(number)) for number in range(MANY)]
        assert list(await broker.publish(messages)) == [None] * MANY
        payloads = [arrived.payload for arrived in await read(topic)]
        assert sorted(payloads) == sorted(message.payload for message in messages)

    async def test_messages_of_a_key_arrive_in_the_order_of_the_calls(
        self, broker: Broker, topic: str, read: Read
    ) -> None:
        """Also where each call holds messages of other keys, before and after."""
        for number in range(20):
            batch = [make_message(topic, b"%d" % number, key=key) for key in ("a", "b", "c")]
            assert list(await broker.publish(batch)) == [None] * 3
        arrived = await read(topic)
        for key in ("a", "b", "c"):
            assert [each.payload for each in arrived if each.key == key] == [b"%d" % n for n in range(20)]

    async def test_a_refused_message_says_nothing_of_the_others(
        self, broker: Broker, topic: str, read: Read, refused: BrokerMessage | None
    ) -> None:
        """Its outcome stands in its place, and the others of the batch arrive."""
        if refused is None:
            pytest.skip("this broker refuses nothing")
        others = [make_message(topic, b"%d" % number, key=str(number)) for number in range(10)]
        outcomes = await broker.publish([*others[:5], refused, *others[5:]])
        assert [type(outcome) for outcome in outcomes] == [type(None)] * 5 + [MessageRefusedError] + [type(None)] * 5
        assert sorted(arrived.payload for arrived in await read(topic)) == [b"%d" % number for number in range(10)]

    async def test_a_refused_message_is_refused_again(self, broker: Broker, refused: BrokerMessage | None) -> None:
        """And alone in its batch; the broker's reason is told."""
        if refused is None:
            pytest.skip("this broker refuses nothing")
        for _ in range(2):
            (outcome,) = await broker.publish([refused])
            assert isinstance(outcome, MessageRefusedError)
            assert (outcome.topic, bool(outcome.reason)) == (refused.topic, True)

    async def test_a_cancelled_call_leaves_the_broker_usable(self, broker: Broker, topic: str, read: Read) -> None:
        """The cancellation is raised, unless everything was done before; what comes later is confirmed and arrives."""
        before = [make_message(topic, b"%d" % number, key=str(number)) for number in range(MANY)]
        for steps in (1, 10, 100):
            task = asyncio.ensure_future(broker.publish(before))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or list(task.result()) == [None] * MANY
        assert list(await broker.publish([make_message(topic, b"after", key="a")])) == [None]
        assert b"after" in [arrived.payload for arrived in await read(topic)]

    async def test_calls_at_the_same_time_do_not_disturb_each_other(
        self, broker: Broker, topic: str, read: Read
    ) -> None:
        """A relay publishes from several rounds at a time."""
        batches = [[make_message(topic, b"%d:%d" % (call, n), key=str(call)) for n in range(50)] for call in range(4)]
        outcomes = await asyncio.gather(*(broker.publish(batch) for batch in batches))
        assert [list(each) for each in outcomes] == [[None] * 50] * 4
        assert len(await read(topic)) == 200

    async def test_a_ping_is_answered(self, broker: Broker) -> None:
        """It returns, and raises nothing."""
        await broker.ping()
