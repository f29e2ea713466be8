"""Brokers that go away, refuse, hang, or are slower than the database allows a transaction to be."""

import random

import pytest
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.faults.processes import ROUNDS, drained, ended, relay
from tests.faults.sink import Sink, numbered
from tests.integration.relay.rows import dead, put, rows


async def test_a_broker_that_stops_and_comes_back_gets_everything(
    engine: AsyncEngine, database_url: URL, broker: Sink
) -> None:
    payloads = numbered(500 * ROUNDS)
    await put(engine, *payloads)
    async with relay(database_url, broker.port, batch_size=10, max_attempts=1) as process:
        for count in (50, 200):
            await broker.until(count)
            await broker.stop()
            assert await rows(engine, "DISTINCT attempts") in ([(0,)], [])
            await broker.start()
        await ended(process)
    broker.assert_delivered(payloads)
    assert await dead(engine) == []


async def test_a_broker_that_refuses_every_third_message_gets_everything_in_order(
    engine: AsyncEngine, database_url: URL, broker: Sink
) -> None:
    dice = random.Random(4)
    broker.outcome_of = lambda payload: "failed" if dice.random() < 1 / 3 else ""
    payloads = numbered(400 * ROUNDS)
    await put(engine, *payloads)
    await drained(database_url, broker.port, max_attempts=1000, backoff=2)
    broker.assert_delivered(payloads)
    assert len(broker.got) == len(payloads)


@pytest.mark.parametrize("poison", ["refused", "failed", "timeout"])
async def test_the_key_of_a_poison_message_flows_on(
    engine: AsyncEngine, database_url: URL, broker: Sink, poison: str
) -> None:
    payloads = numbered(100)
    broker.outcome_of = lambda payload: poison if payload == "3:23" else ""
    await put(engine, *payloads)
    await drained(database_url, broker.port, max_attempts=3)
    payloads.remove("3:23")
    broker.assert_delivered(payloads)
    assert [payload for payload, _, _ in await dead(engine)] == ["3:23"]
    assert broker.tried["3:23"] == (1 if poison == "refused" else 3)
    assert {broker.tried[payload] for payload in payloads} == {1}  # no other message paid for it


async def test_the_clock_of_a_relay_does_not_count(engine: AsyncEngine, database_url: URL, broker: Sink) -> None:
    failed_once: set[str] = set()

    def outcome(payload: str) -> str:
        is_new = payload not in failed_once
        failed_once.add(payload)
        return "failed" if is_new else ""

    broker.outcome_of = outcome
    payloads = numbered(40)
    await put(engine, *payloads)
    async with relay(database_url, broker.port, skew=86_400, batch_size=5) as fast:
        await drained(database_url, broker.port, skew=-86_400, batch_size=5)
        await ended(fast)
    broker.assert_delivered(payloads)
    assert set(broker.tried.values()) == {2}
