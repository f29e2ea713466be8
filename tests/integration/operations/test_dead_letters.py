"""Dead letters are looked at, delivered anew, and discarded."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.operations.test_outbox_status import LATER, deliver, run
from tests.integration.relay.rows import dead, left, put, rows
from tests.integration.relay.scripted_broker import ScriptedBroker, Unreliable
from tests.postgres.admin import assert_pool_clean
from uow_events import DeadLetterFilter, InvalidArgumentError, MessageRefusedError, OutboxAdmin, OutboxBusyError, Relay

REFUSED = MessageRefusedError("meetings", "no")
LIMIT = 30


async def kill(engine: AsyncEngine, *payloads: str, topic: str = "meetings") -> None:
    """Have the broker refuse messages for good."""
    await put(engine, *payloads, topic=topic)
    await deliver(engine, **{payload.replace(":", "_"): REFUSED for payload in payloads})


async def test_a_dead_letter_shows_everything_but_its_payload(engine: AsyncEngine) -> None:
    await kill(engine, "a:1")
    admin = OutboxAdmin(engine)
    (letter,) = await admin.dead_letters()
    ((event_id, failed_at),) = await rows(engine, "event_id, failed_at", "dead_letters")
    assert (letter.event_id, letter.failed_at, letter.topic, letter.key) == (event_id, failed_at, "meetings", "a")
    assert (letter.type, letter.headers, letter.attempts) == ("T", {"specversion": "1.0"}, 1)
    assert letter.last_error == f"MessageRefusedError: {REFUSED}"
    assert (letter.payload, letter.payload_size) == (None, 3)
    (with_payload,) = await admin.dead_letters(payload=True)
    assert with_payload.payload == b"a:1"
    assert "a:1" not in repr(with_payload)


async def test_dead_letters_are_paged_by_their_ids(engine: AsyncEngine) -> None:
    await kill(engine, "a:1", "b:1", "c:1")
    admin = OutboxAdmin(engine)
    first = await admin.dead_letters(limit=2)
    rest = await admin.dead_letters(limit=2, after=first[-1].id)
    assert [letter.id for letter in (*first, *rest)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("matching", "expected"),
    [
        (DeadLetterFilter(), {1, 2, 3}),
        (DeadLetterFilter(ids=[1, 3, 9]), {1, 3}),
        (DeadLetterFilter(ids=[]), set()),
        (DeadLetterFilter(topic="other"), {3}),
        (DeadLetterFilter(type="U"), {2}),
        (DeadLetterFilter(older_than=timedelta(hours=1)), {1}),
        (DeadLetterFilter(older_than=timedelta(hours=1), topic="other"), set()),
    ],
)
async def test_a_filter_takes_what_fits_all_of_it(
    engine: AsyncEngine, matching: DeadLetterFilter, expected: set[int]
) -> None:
    await kill(engine, "a:1")
    await kill(engine, "b:1")
    await kill(engine, "c:1", topic="other")
    await run(engine, "UPDATE uow_events.dead_letters SET failed_at = failed_at - interval '1 day' WHERE id = 1")
    await run(engine, "UPDATE uow_events.dead_letters SET type = 'U' WHERE id = 2")
    admin = OutboxAdmin(engine)
    assert {letter.id for letter in await admin.dead_letters(matching)} == expected
    assert await admin.count_dead_letters(matching) == len(expected)
    assert await admin.discard(matching) == len(expected)
    assert {letter.id for letter in await admin.dead_letters()} == {1, 2, 3} - expected
    assert await left(engine) == []


async def test_a_replayed_message_keeps_its_event_id_and_has_all_its_attempts_again(engine: AsyncEngine) -> None:
    await kill(engine, "a:1")
    before = await rows(engine, "event_id, occurred_at, shard", "dead_letters")
    assert await OutboxAdmin(engine).replay() == 1
    assert await rows(engine, "event_id, occurred_at, shard") == before
    assert await rows(engine, "key, attempts, last_error, held") == [("a", 0, None, None)]
    assert await dead(engine) == []
    broker = await deliver(engine)
    assert broker.delivered == ["a:1"]


async def test_replayed_messages_go_behind_their_key_and_keep_their_order(engine: AsyncEngine) -> None:
    await kill(engine, "a:1", "a:2", "a:3")
    await put(engine, "a:4")
    await run(engine, "UPDATE uow_events.dead_letters SET id = DEFAULT WHERE id = 1")
    await OutboxAdmin(engine).replay()
    await put(engine, "a:5")
    broker = await deliver(engine)
    assert broker.delivered == ["a:4", "a:1", "a:2", "a:3", "a:5"]


async def test_a_replayed_message_of_a_blocked_key_waits_like_others(engine: AsyncEngine) -> None:
    await kill(engine, "a:1")
    await put(engine, "a:2")
    await deliver(engine, a_2=Unreliable("not now"))
    await OutboxAdmin(engine).replay()
    broker = await deliver(engine)
    assert broker.delivered == []
    await run(engine, "UPDATE uow_events.blocked_keys SET until = clock_timestamp()")
    assert (await deliver(engine)).delivered == ["a:2", "a:1"]


async def test_what_a_consumer_has_given_up_is_not_published(engine: AsyncEngine) -> None:
    await kill(engine, "a:1")
    await run(engine, "UPDATE uow_events.dead_letters SET outbox_id = NULL, consumer = 'invoicing'")
    admin = OutboxAdmin(engine)
    (letter,) = await admin.dead_letters()
    assert letter.consumer == "invoicing"
    assert (await admin.count_dead_letters(replayable=True), await admin.replay()) == (0, 0)
    assert await left(engine) == []
    assert (await admin.count_dead_letters(), await admin.discard()) == (1, 1)


async def test_two_operators_replay_a_message_once(engine: AsyncEngine) -> None:
    await kill(engine, *(f"{key}:1" for key in range(30)))
    admin = OutboxAdmin(engine)
    replayed = await asyncio.gather(admin.replay(), admin.replay())
    assert sum(replayed) == 30
    assert len(await left(engine)) == 30


async def test_a_replay_wakes_a_relay(engine: AsyncEngine) -> None:
    await kill(engine, "a:1")
    heard = asyncio.Event()
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.add_listener("uow_events.outbox", lambda *_: heard.set())
        await OutboxAdmin(engine).replay()
        await asyncio.wait_for(heard.wait(), LIMIT)
        await connection.invalidate()


@pytest.mark.parametrize("action", ["replay", "discard", "skip_topic", "resume_topic"])
async def test_what_changes_rows_waits_for_the_relay_that_works_on_them(engine: AsyncEngine, action: str) -> None:
    class Waiting(ScriptedBroker):
        def __init__(self) -> None:
            super().__init__()
            self.got, self.may_answer = asyncio.Event(), asyncio.Event()

        async def publish(self, messages: Any) -> Any:
            self.got.set()
            await self.may_answer.wait()
            return await super().publish(messages)

    await kill(engine, "a:1")
    await put(engine, "a:2")
    arguments = ["meetings"] if "topic" in action else []
    async with Relay(engine, broker := Waiting(), backoff=LATER):
        await asyncio.wait_for(broker.got.wait(), LIMIT)
        impatient = OutboxAdmin(engine, lock_timeout=timedelta(milliseconds=20))
        with pytest.raises(OutboxBusyError) as caught:
            await getattr(impatient, action)(*arguments)
        assert caught.value.waited == timedelta(milliseconds=20)
        assert (len(await dead(engine)), await left(engine)) == (1, ["a:2"])
        waiting = asyncio.create_task(getattr(OutboxAdmin(engine), action)(*arguments))
        broker.may_answer.set()
        await asyncio.wait_for(waiting, LIMIT)
    assert "a:2" in broker.delivered
    await assert_pool_clean(engine)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ids": "12"}, "ids must be a sequence of integers, and is '12'"),
        ({"ids": 12}, "ids must be a sequence of integers, and is 12"),
        ({"ids": ["1"]}, "ids must be a sequence of integers, and is ['1']"),
        (
            {"older_than": 7},
            "older_than must be a timedelta above 0 and of at most 36500 days, and is 7",
        ),
        (
            {"older_than": timedelta(0)},
            "older_than must be a timedelta above 0 and of at most 36500 days, and is datetime.timedelta(0)",
        ),
    ],
)
def test_a_filter_that_cannot_be(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        DeadLetterFilter(**given)
    assert str(caught.value) == f"The argument {expected}"
