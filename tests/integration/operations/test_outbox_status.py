"""What an OutboxAdmin sees."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.relay.rows import put, put_without_key
from tests.integration.relay.scripted_broker import ScriptedBroker, Unreliable
from tests.postgres.admin import assert_pool_clean
from uow_events import (
    Backoff,
    InvalidArgumentError,
    MessageRefusedError,
    OutboxAdmin,
    Relay,
    SchemaNotMigratedError,
    TopicStatus,
)

LATER = Backoff(timedelta(hours=1), timedelta(hours=1))
ZERO = timedelta(0)


async def run(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


async def deliver(engine: AsyncEngine, **outcomes: BaseException) -> ScriptedBroker:
    """Let a relay deliver what it can; messages are named as in `a_1`, and fail as is said."""
    broker = ScriptedBroker(lambda payload, attempt: outcomes.get(payload.replace(":", "_")))
    await Relay(engine, broker, backoff=LATER).drain(retries=False)
    return broker


def numbers(topic: TopicStatus) -> tuple[object, ...]:
    held = (topic.held_by_key, topic.held_by_time, topic.held_by_topic)
    return (topic.topic, topic.pending, topic.due, held, topic.dead, topic.is_paused)


async def test_an_empty_outbox_has_nothing_to_tell(engine: AsyncEngine) -> None:
    status = await OutboxAdmin(engine).status()
    assert (status.topics, status.blocked_keys, status.pending, status.dead, status.oldest) == ([], 0, 0, 0, ZERO)
    assert (status.due, status.held_by_key, status.held_by_time, status.held_by_topic) == (0, 0, 0, 0)
    assert await OutboxAdmin(engine).blocked_keys() == []


async def test_each_message_counts_once_by_what_it_waits_for(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "a:2", "b:1", topic="one")
    await put_without_key(engine, "c_1", topic="two")
    await deliver(engine, a_1=Unreliable("no"), b_1=MessageRefusedError("one", "bad"), c_1=Unreliable("no"))
    await put(engine, "a:3", "e:1", topic="one")
    await put(engine, "f:1", topic="three")
    admin = OutboxAdmin(engine)
    assert await admin.pause_topic("three")
    assert await admin.pause_topic("four")
    status = await admin.status()
    assert [numbers(topic) for topic in status.topics] == [
        ("four", 0, 0, (0, 0, 0), 0, True),
        ("one", 4, 1, (3, 0, 0), 1, False),
        ("three", 1, 0, (0, 0, 1), 0, True),
        ("two", 1, 0, (0, 1, 0), 0, False),
    ]
    assert (status.pending, status.due, status.blocked_keys, status.dead) == (6, 1, 1, 1)
    assert (status.held_by_key, status.held_by_time, status.held_by_topic) == (3, 1, 1)


async def test_what_is_due_again_is_due(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "a:2")
    await put_without_key(engine, "c_1")
    await deliver(engine, a_1=Unreliable("no"), c_1=Unreliable("no"))
    await run(engine, "UPDATE uow_events.blocked_keys SET until = clock_timestamp()")
    await run(engine, "UPDATE uow_events.outbox SET available_at = clock_timestamp()")
    (topic,) = (await OutboxAdmin(engine).status()).topics
    assert numbers(topic) == ("meetings", 3, 3, (0, 0, 0), 0, False)


async def test_the_oldest_is_told_of_what_should_have_gone_by_the_clock_of_the_database(engine: AsyncEngine) -> None:
    admin = OutboxAdmin(engine)
    await put(engine, "a:1", topic="due")
    await put(engine, "b:1", topic="paused")
    await put(engine, "c:1", topic="later")
    await run(engine, "UPDATE uow_events.outbox SET available_at = available_at - interval '1 day'")
    later = "held = 'time', available_at = clock_timestamp() + interval '1 hour'"
    await run(engine, f"UPDATE uow_events.outbox SET {later} WHERE topic = 'later'")
    await admin.pause_topic("paused")
    status = await admin.status()
    assert {topic.topic: topic.oldest // timedelta(days=1) for topic in status.topics} == {
        "due": 1,
        "later": 0,
        "paused": 0,
    }
    assert timedelta(days=1) <= status.oldest < timedelta(days=1, hours=1)
    assert status.looked_at.tzinfo is not None


async def test_a_blocked_key_tells_what_it_waits_for(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "a:2", "b:1")
    await deliver(engine, a_1=Unreliable("not now"), b_1=Unreliable("not now"))
    admin = OutboxAdmin(engine)
    await run(engine, "UPDATE uow_events.blocked_keys SET until = until - interval '1 hour' WHERE key = 'a'")
    await run(engine, "DELETE FROM uow_events.outbox WHERE key = 'b'")
    first, second = await admin.blocked_keys()
    assert (first.key, first.waiting, first.topic, first.type) == ("a", 2, "meetings", "T")
    assert (first.attempts, first.last_error) == (1, "Unreliable: not now")
    assert (second.key, second.waiting, second.topic, second.attempts, second.last_error) == ("b", 0, None, 0, None)
    assert [blocked.key for blocked in await admin.blocked_keys(limit=1)] == ["a"]


async def test_missing_tables_are_named(empty_database_url: URL) -> None:
    engine = create_async_engine(empty_database_url)
    with pytest.raises(SchemaNotMigratedError, match=r"other\.outbox"):
        await OutboxAdmin(engine, schema="other").status()
    await assert_pool_clean(engine)
    await engine.dispose()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"engine": 1}, "engine must be an AsyncEngine on asyncpg, and is 1"),
        (
            {"lock_timeout": ZERO},
            "lock_timeout must be a timedelta from 1 millisecond to 24 days, and is datetime.timedelta(0)",
        ),
    ],
)
async def test_arguments_that_cannot_be(engine: AsyncEngine, given: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        OutboxAdmin(**{"engine": engine, **given})
    assert str(caught.value) == f"The argument {expected}"


async def test_looking_waits_for_no_relay(engine: AsyncEngine) -> None:
    await put(engine, "a:1")
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "SELECT pg_advisory_xact_lock('uow_events.outbox'::regclass::oid::int4, s)"
                " FROM generate_series(0, 63) s"
            )
        )
        async with asyncio.timeout(30):
            assert (await OutboxAdmin(engine).status()).due == 1
