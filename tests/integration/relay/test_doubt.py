"""What a relay makes of a broker that answers in part, wrongly, or not at all, and of a lost shard."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.relay.rows import dead, keys_beside, left, put, rows
from tests.integration.relay.scripted_broker import Outcome, ScriptedBroker
from tests.postgres.admin import Admin
from uow_events import Backoff, BrokerMessage, BrokerUnavailableError, Relay

SOON = Backoff(timedelta(milliseconds=1), timedelta(milliseconds=1))
LIMIT = 30


@pytest.mark.parametrize("lost", [TimeoutError(), ConnectionResetError("reset")])
async def test_a_broker_that_goes_away_in_the_middle_of_a_batch_costs_no_attempt(
    engine: AsyncEngine, lost: Exception
) -> None:
    def outcome(payload: str, attempt: int) -> Outcome:
        broker.is_there = attempt > 1
        return lost if payload != "a:1" and attempt == 1 else None

    beside = keys_beside("a")
    payloads = ["a:1", f"{next(beside)}:1", f"{next(beside)}:1"]
    await put(engine, *payloads)
    broker = ScriptedBroker(outcome)
    relay = Relay(engine, broker, max_attempts=1)
    await relay.drain()
    assert broker.batches == [payloads, payloads[1:]]
    assert broker.delivered == payloads
    assert (relay.status.failed, relay.status.dead, await dead(engine)) == (0, 0, [])


async def test_a_refused_connection_counts_where_the_broker_answers_otherwise(engine: AsyncEngine) -> None:
    await put(engine, "a:1")
    await Relay(engine, ScriptedBroker(lambda *_: ConnectionRefusedError("no")), max_attempts=1).drain()
    assert await dead(engine) == [("a:1", "ConnectionRefusedError: no", 1)]


async def test_a_cancellation_that_comes_out_of_the_brokers_ping_does_not_end_the_relay(engine: AsyncEngine) -> None:
    class Cancelling(ScriptedBroker):
        async def ping(self) -> None:
            await super().ping()
            raise asyncio.CancelledError

    await put(engine, "a:1")
    broker = Cancelling(lambda payload, attempt: TimeoutError() if attempt < 3 else None)
    async with asyncio.timeout(LIMIT):
        await Relay(engine, broker, concurrency=1).drain()
    assert broker.delivered == ["a:1"]
    assert broker.tried["a:1"] == 3


async def test_a_cancellation_while_the_broker_is_asked_ends_the_relay(engine: AsyncEngine) -> None:
    class Silent(ScriptedBroker):
        async def ping(self) -> None:
            await super().ping()
            await asyncio.Event().wait()

    await put(engine, "a:1")
    broker = Silent(lambda *_: TimeoutError())
    running = asyncio.create_task(Relay(engine, broker).run())
    await asyncio.wait_for(broker.pinged.wait(), LIMIT)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, LIMIT)
    assert await rows(engine, "attempts") == [(0,)]


async def test_while_the_broker_is_away_shards_that_were_found_before_leave_it_alone(engine: AsyncEngine) -> None:
    await put(engine, *(f"{n}:1" for n in range(200)))
    away = BrokerUnavailableError("broker", "nobody listens")
    broker = ScriptedBroker(lambda *_: away if len(broker.batches) == 1 else None)
    relay = Relay(engine, broker, concurrency=1)
    is_to_be_left_alone: list[bool] = []

    async def publish(messages: Sequence[BrokerMessage]) -> Sequence[Outcome]:
        is_to_be_left_alone.append(relay._delivery.broker.wait > 0)
        return await ScriptedBroker.publish(broker, messages)

    broker.publish = publish  # type: ignore[method-assign]
    await relay.drain()
    assert len(broker.delivered) == 200
    assert not any(is_to_be_left_alone)


async def test_a_relay_that_lost_its_connection_begins_no_further_call(engine: AsyncEngine, admin: Admin) -> None:
    class Killing(ScriptedBroker):
        async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[Outcome]:
            outcomes = await super().publish(messages)
            if len(self.batches) == 1:
                await self.lose_the_shard()
            return outcomes

        async def lose_the_shard(self) -> None:
            assert (database := engine.url.database)
            for backend in await admin.backends(database):
                if backend.state == "idle in transaction":
                    await admin.kill(backend.pid)

    await put(engine, "a:1", "a:2", "a:3")
    broker = Killing()
    await Relay(engine, broker).drain()
    assert broker.delivered == ["a:1", "a:1", "a:2", "a:3"]


async def test_a_row_that_cannot_be_read_is_dead_and_its_key_flows_on(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "a:2", "a:3")
    async with engine.begin() as connection:
        await connection.execute(text("""UPDATE uow_events.outbox SET headers = '{"n": 1}' WHERE id = 2"""))
    broker = ScriptedBroker()
    await Relay(engine, broker, backoff=SOON).drain()
    assert broker.delivered == ["a:1", "a:3"]
    assert await left(engine) == []
    ((payload, error, attempts),) = await dead(engine)
    assert (payload, attempts) == ("a:2", 1)
    assert error == (
        "MessageRefusedError: The broker refuses the message for the topic 'meetings' for good: its headers are not an "
        "object of strings: Expected `str`, got `int` - at `$[...]`"
    )
