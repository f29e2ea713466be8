"""What a relay delivers, in which order, and what it does with what fails."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.relay.rows import PUT, dead, left, make_due, put, put_without_key, rows
from tests.integration.relay.scripted_broker import Outcome, ScriptedBroker, Unreliable
from tests.postgres.admin import assert_pool_clean
from uow_events import (
    Backoff,
    BrokerMessage,
    BrokerUnavailableError,
    InMemoryBroker,
    MessageRefusedError,
    Relay,
    SchemaNotMigratedError,
)

SOON = Backoff(timedelta(milliseconds=1), timedelta(milliseconds=1))
LATER = Backoff(timedelta(hours=1), timedelta(hours=1))


def failing(payload: str, times: int = 1_000_000) -> Callable[[str, int], Outcome]:
    def outcome(given: str, attempt: int) -> Outcome:
        return Unreliable("not now") if given == payload and attempt <= times else None

    return outcome


async def test_a_message_reaches_the_broker_as_it_was_stored(engine: AsyncEngine) -> None:
    await put(engine, "a:1")
    broker = InMemoryBroker()
    await Relay(engine, broker).drain()
    (message,) = broker.messages
    assert (message.topic, message.key, message.type, message.payload) == ("meetings", "a", "T", b"a:1")
    assert message.headers == {"specversion": "1.0"}
    assert isinstance(message, BrokerMessage)
    assert await left(engine) == []


async def test_messages_of_a_key_arrive_in_the_order_of_their_ids(engine: AsyncEngine) -> None:
    await put(engine, *(f"{key}:{n}" for n in range(10) for key in "abc"))
    broker = ScriptedBroker()
    await Relay(engine, broker, batch_size=7).drain()
    for key in "abc":
        assert broker.of_key(key) == [f"{key}:{n}" for n in range(10)]


async def test_a_failed_message_holds_the_later_ones_of_its_key_back_and_no_others(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "a:2", "b:1", "a:3", "b:2")
    broker = ScriptedBroker(failing("a:1", times=3))
    await Relay(engine, broker, backoff=SOON).drain()
    assert broker.of_key("a") == ["a:1", "a:2", "a:3"]
    assert broker.of_key("b") == ["b:1", "b:2"]
    assert broker.tried == {"a:1": 4, "a:2": 1, "a:3": 1, "b:1": 1, "b:2": 1}
    assert await rows(engine, "key", "blocked_keys") == []


async def test_what_comes_later_waits_behind_a_failed_message_of_its_key(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "a:2")
    broker = ScriptedBroker(failing("a:1", times=1))
    relay = Relay(engine, broker, backoff=LATER)
    await relay.drain(retries=False)
    await put(engine, "a:3", "b:1")
    await relay.drain(retries=False)
    assert broker.delivered == ["b:1"]
    assert await rows(engine, "id, held, attempts, last_error") == [
        (1, "key", 1, "Unreliable: not now"),
        (2, "key", 0, None),
        (3, "key", 0, None),
    ]
    await make_due(engine)
    await relay.drain()
    assert broker.of_key("a") == ["a:1", "a:2", "a:3"]
    assert await left(engine) == []


async def test_an_earlier_row_that_commits_late_is_delivered(engine: AsyncEngine) -> None:
    relay = Relay(engine, broker := ScriptedBroker())
    async with engine.connect() as late:
        await late.execute(text(PUT), {"topics": ["t"], "keys": ["a"], "payloads": ["a:late"]})
        await put(engine, "a:early")
        await relay.drain()
        assert broker.delivered == ["a:early"]
        await late.commit()
    await relay.drain()
    assert broker.delivered == ["a:early", "a:late"]


async def test_a_message_without_key_waits_for_itself_alone(engine: AsyncEngine) -> None:
    await put_without_key(engine, "1", "2", "3")
    broker = ScriptedBroker(failing("1", times=2))
    await Relay(engine, broker, backoff=SOON).drain()
    assert broker.delivered[-1] == "1"
    assert sorted(broker.delivered) == ["1", "2", "3"]


async def test_after_the_last_attempt_a_message_is_dead_and_its_key_flows_on(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "a:2")
    broker = ScriptedBroker(failing("a:1"))
    relay = Relay(engine, broker, backoff=SOON, max_attempts=3)
    await relay.drain()
    assert broker.tried == {"a:1": 3, "a:2": 1}
    assert broker.delivered == ["a:2"]
    assert await dead(engine) == [("a:1", "Unreliable: not now", 3)]
    assert (relay.status.published, relay.status.failed, relay.status.dead) == (1, 2, 1)
    assert await rows(engine, "key", "blocked_keys") == []


async def test_what_is_refused_for_good_is_dead_at_once(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "a:2")
    refusal = MessageRefusedError("meetings", "too large")
    broker = ScriptedBroker(lambda payload, attempt: refusal if payload == "a:1" else None)
    await Relay(engine, broker, backoff=LATER).drain()
    assert broker.delivered == ["a:2"]
    assert await dead(engine) == [("a:1", f"MessageRefusedError: {refusal}", 1)]


async def test_while_the_broker_is_away_no_attempt_is_counted(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "b:1")
    away = BrokerUnavailableError("broker", "nobody listens")
    broker = ScriptedBroker(lambda payload, attempt: away if sum(broker.tried.values()) <= 6 else None)
    relay = Relay(engine, broker, backoff=LATER)
    await relay.drain()
    assert sorted(broker.delivered) == ["a:1", "b:1"]
    assert (relay.status.failed, relay.status.is_broker_available) == (0, True)


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_timeout_counts_where_the_broker_answers_otherwise(engine: AsyncEngine, is_there: bool) -> None:
    await put(engine, "a:1")
    broker = ScriptedBroker(lambda payload, attempt: TimeoutError() if attempt == 1 else None)
    broker.is_there = is_there
    relay = Relay(engine, broker, backoff=SOON)
    await relay.drain()
    assert broker.pinged.is_set()
    assert broker.delivered == ["a:1"]
    assert relay.status.failed == is_there


async def test_a_broker_that_never_answers_is_left_at_the_limit(engine: AsyncEngine) -> None:
    class Silent(ScriptedBroker):
        async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[Outcome]:
            outcomes = await super().publish(messages)
            if len(self.batches) == 1:
                await asyncio.Event().wait()
            return outcomes

    await put(engine, "a:1")
    broker = Silent()
    await Relay(engine, broker, backoff=SOON, publish_timeout=timedelta(milliseconds=50)).drain()
    assert broker.delivered == ["a:1", "a:1"]


@pytest.mark.parametrize("outcomes", [[], [None, None]])
async def test_a_broker_that_counts_wrong_has_confirmed_nothing(engine: AsyncEngine, outcomes: list[Outcome]) -> None:
    class Miscounting(InMemoryBroker):
        async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[Outcome]:
            return outcomes

        def __repr__(self) -> str:
            return "Miscounting()"

    await put(engine, "a:1")
    await Relay(engine, Miscounting(), max_attempts=1).drain()
    error = f"ValueError: publish() of Miscounting() gave {len(outcomes)} outcomes for 1 messages"
    assert await dead(engine) == [("a:1", error, 1)]


async def test_an_exception_of_the_broker_stands_for_every_message(engine: AsyncEngine) -> None:
    class Broken(InMemoryBroker):
        async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[Outcome]:
            raise Unreliable("amqp://user:secret@host is down")

    await put(engine, "a:1", "b:1")
    await Relay(engine, Broken(), max_attempts=1).drain()
    assert sorted(await dead(engine)) == [
        (payload, "Unreliable: amqp://***@host is down", 1) for payload in ("a:1", "b:1")
    ]


async def test_a_round_takes_no_more_bytes_than_it_may_but_one_message_in_any_case(engine: AsyncEngine) -> None:
    await put(engine, *(f"a:{'x' * 1000}{n}" for n in range(5)))
    broker = ScriptedBroker()
    await Relay(engine, broker, max_batch_bytes=2500).drain()
    assert [len(batch) for batch in broker.batches] == [1] * 5
    assert [payload[-1] for payload in broker.delivered] == list("01234")


async def test_relays_share_the_work_and_deliver_everything_once(engine: AsyncEngine) -> None:
    await put(engine, *(f"{n % 100}:{n}" for n in range(2000)))
    broker = ScriptedBroker()
    await asyncio.gather(*(Relay(engine, broker, batch_size=10, concurrency=1).drain() for _ in range(4)))
    assert len(broker.delivered) == len(set(broker.delivered)) == 2000
    for key in range(100):
        assert broker.of_key(str(key)) == [f"{key}:{n}" for n in range(key, 2000, 100)]


async def test_a_relay_serves_the_topics_it_is_given(engine: AsyncEngine) -> None:
    await put(engine, "a:1", topic="one")
    await put(engine, "a:2", topic="two")
    await Relay(engine, broker := ScriptedBroker(), topics=["two"]).drain()
    assert broker.delivered == ["a:2"]
    assert await left(engine) == ["a:1"]


async def test_what_is_to_come_later_stays_and_comes_when_it_is_due(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "a:2")
    async with engine.begin() as connection:
        later = "UPDATE uow_events.outbox SET held = 'time', available_at = clock_timestamp() + '1 hour' WHERE id = 1"
        await connection.execute(text(later))
    relay = Relay(engine, broker := ScriptedBroker())
    await relay.drain()
    assert broker.delivered == ["a:2"]
    await make_due(engine)
    await relay.drain()
    assert broker.delivered == ["a:2", "a:1"]


async def test_the_rows_of_a_paused_topic_are_put_aside(engine: AsyncEngine) -> None:
    await put(engine, "a:1", topic="paused")
    await put(engine, "a:2")
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO uow_events.paused_topics (topic) VALUES ('paused')"))
    relay = Relay(engine, broker := ScriptedBroker())
    await relay.drain()
    assert broker.delivered == ["a:2"]
    assert await rows(engine, "id, held") == [(1, "topic")]


async def test_missing_tables_are_named(empty_database_url: URL) -> None:
    engine = create_async_engine(empty_database_url)
    with pytest.raises(SchemaNotMigratedError):
        await Relay(engine, InMemoryBroker()).drain()
    await assert_pool_clean(engine)
    await engine.dispose()
