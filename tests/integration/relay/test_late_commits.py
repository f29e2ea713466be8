"""Rows that are committed after later ones: ids are given before the commit, and a relay keeps no position."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.integration.relay.rows import PUT, keys_beside, put
from tests.integration.relay.scripted_broker import Outcome, ScriptedBroker
from uow_events import BrokerMessage, Relay
from uow_events.relay import shards

KEY = "a"
LIMIT = 30


@pytest.fixture
def never_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a relay forget what it remembers only where it finds nothing."""
    monkeypatch.setattr(shards, "FULL_LOOK", 1e12)


@asynccontextmanager
async def uncommitted(engine: AsyncEngine, payload: str) -> AsyncIterator[AsyncConnection]:
    """A row of KEY that has its id; the block may commit it."""
    async with engine.connect() as late:
        await late.execute(text(PUT), {"topics": ["t"], "keys": [KEY], "payloads": [payload]})
        yield late


class CommitsBetween(ScriptedBroker):
    """Commits an earlier row of KEY, and then a later one, while it is given a row that has its id between them."""

    def __init__(self, engine: AsyncEngine, late: AsyncConnection) -> None:
        super().__init__()
        self.engine = engine
        self.late = late

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[Outcome]:
        if not self.delivered:
            await self.late.commit()
            await put(self.engine, f"{KEY}:2")
        return await super().publish(messages)


async def test_a_key_that_commits_late_keeps_its_order(engine: AsyncEngine, never_from_the_start: None) -> None:
    beside = next(keys_beside(KEY))
    async with uncommitted(engine, f"{KEY}:1") as late:
        await put(engine, f"{beside}:1")
        broker = CommitsBetween(engine, late)
        await Relay(engine, broker).drain()
    assert broker.delivered == [f"{beside}:1", f"{KEY}:1", f"{KEY}:2"]


class AlwaysMore(ScriptedBroker):
    """Puts a further row into the outbox with each message it takes, so that its shard never comes to rest."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__()
        self.engine = engine
        self.numbers = count()
        self.has_late = asyncio.Event()

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[Outcome]:
        if any(message.key == KEY for message in messages):
            self.has_late.set()
        if not self.has_late.is_set():
            await put(self.engine, f"{self.key}:{next(self.numbers)}")
        return await super().publish(messages)

    @property
    def key(self) -> str:
        return next(keys_beside(KEY))


async def test_what_is_made_ready_below_is_found_in_a_shard_that_never_rests(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "FULL_LOOK", 0.1)
    await put(engine, "a:late")
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE uow_events.outbox SET held = 'topic'"))
    broker = AlwaysMore(engine)
    await put(engine, f"{broker.key}:first")
    async with Relay(engine, broker):
        async with asyncio.timeout(LIMIT):
            while len(broker.delivered) < 20:
                await asyncio.sleep(0)
            async with engine.begin() as connection:
                await connection.execute(text("UPDATE uow_events.outbox SET held = NULL WHERE held = 'topic'"))
            await broker.has_late.wait()


class Server:
    """What a server says of its running transactions: the oldest, and the next one to come."""

    def __init__(self, *answers: tuple[int, int]) -> None:
        self.answers = list(answers)

    async def fetchrow(self, statement: str) -> Any:
        return self.answers.pop(0)


async def test_nothing_is_passed_by_while_a_transaction_runs_that_may_hold_a_lower_id() -> None:
    floor = shards.Floor()
    server = Server((10, 10), (10, 12), (11, 13), (12, 14), (14, 14))
    floors = []
    for seen in (1, 2, 3, 4, 5):
        floor.pass_by(seen)
        await floor.raise_(server)
        floors.append(floor.id)
    assert floors == [0, 1, 1, 2, 4]
