"""Relays that are killed as by kill -9, at each stage and under load, and several of them at once."""

import asyncio
import random
import signal

import pytest
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.faults.processes import LIMIT, ROUNDS, drained, ended, forgotten, killed, relay
from tests.faults.sink import Sink, numbered
from tests.integration.relay.rows import left, put


@pytest.mark.parametrize(("stage", "has_published"), [("claimed", False), ("published", True), ("settled", True)])
async def test_what_a_killed_relay_had_not_settled_comes_again(
    engine: AsyncEngine, database_url: URL, broker: Sink, stage: str, has_published: bool
) -> None:
    payloads = numbered(100)
    await put(engine, *payloads)
    async with relay(database_url, broker.port, dies_at=stage, concurrency=1) as process:
        await ended(process, -signal.SIGKILL)
        await forgotten(engine)
    assert bool(broker.got) == has_published
    assert sorted(await left(engine)) == sorted(payloads)
    unsettled = {payload for _, payload in broker.got}
    await drained(database_url, broker.port)
    broker.assert_delivered(payloads)
    assert broker.duplicates == unsettled


async def test_relays_killed_again_and_again_under_load_lose_nothing(
    engine: AsyncEngine, database_url: URL, broker: Sink
) -> None:
    payloads: list[str] = []
    unsettled: set[str] = set()
    dice = random.Random(4)

    async def write() -> None:
        while True:
            more = numbered(50, start=len(payloads))
            payloads.extend(more)
            await put(engine, *more)
            await broker.until(len(payloads) - 500)

    writing = asyncio.create_task(write())
    for _ in range(3 * ROUNDS):
        async with relay(database_url, broker.port, until_stopped=True, batch_size=20) as process:
            async with asyncio.timeout(LIMIT):
                await broker.until(len(broker.got) + dice.randint(1, 400))
            await killed(process, engine)
            unsettled.update(await left(engine))
    writing.cancel()
    await asyncio.wait({writing})
    payloads = [payload for payload in payloads if payload in {p for _, p in broker.got} | set(await left(engine))]
    await drained(database_url, broker.port)
    broker.assert_delivered(payloads)
    assert broker.duplicates <= unsettled


@pytest.mark.parametrize("relays", [2, 4])
async def test_relays_at_once_send_nothing_twice(
    engine: AsyncEngine, database_url: URL, broker: Sink, relays: int
) -> None:
    payloads = numbered(1000 * ROUNDS, keys=200)
    await put(engine, *payloads[:500])

    async def write() -> None:
        for start in range(500, len(payloads), 50):
            await put(engine, *payloads[start : start + 50])

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        for _ in range(relays):
            group.create_task(drained(database_url, broker.port, batch_size=10))
    await drained(database_url, broker.port)  # what was written after the relays had ended
    broker.assert_delivered(payloads)
    assert len(broker.got) == len(payloads)
