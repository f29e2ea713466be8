"""Topics are paused, resumed and skipped while relays run."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.operations.test_outbox_status import deliver, run
from tests.integration.relay.rows import dead, left, put, rows
from tests.integration.relay.scripted_broker import Unreliable
from uow_events import InvalidArgumentError, OutboxAdmin


async def test_a_paused_topic_waits_and_comes_in_its_order_when_it_is_resumed(engine: AsyncEngine) -> None:
    admin = OutboxAdmin(engine)
    assert await admin.pause_topic("meetings")
    assert not await admin.pause_topic("meetings")
    await put(engine, "a:1", "b:1", "a:2")
    await put(engine, "a:other", topic="other")
    assert (await deliver(engine)).delivered == ["a:other"]
    await put(engine, "a:3")
    assert await admin.resume_topic("meetings") == 3
    assert await admin.resume_topic("meetings") == 0
    broker = await deliver(engine)
    assert (broker.of_key("a"), broker.of_key("b")) == (["a:1", "a:2", "a:3"], ["b:1"])
    assert await left(engine) == []


async def test_resuming_one_topic_leaves_another_paused(engine: AsyncEngine) -> None:
    admin = OutboxAdmin(engine)
    for topic in ("one", "two"):
        await admin.pause_topic(topic)
        await put(engine, f"a:{topic}", topic=topic)
    await deliver(engine)
    assert await admin.resume_topic("one") == 1
    assert (await deliver(engine)).delivered == ["a:one"]
    assert await left(engine) == ["a:two"]


async def test_a_resumed_message_of_a_blocked_key_waits_for_it(engine: AsyncEngine) -> None:
    admin = OutboxAdmin(engine)
    await admin.pause_topic("paused")
    await put(engine, "a:1", topic="paused")
    await put(engine, "a:2")
    await deliver(engine, a_2=Unreliable("not now"))
    await admin.resume_topic("paused")
    assert (await deliver(engine)).delivered == []
    await run(engine, "UPDATE uow_events.blocked_keys SET until = clock_timestamp()")
    assert (await deliver(engine)).delivered == ["a:1", "a:2"]


async def test_a_skipped_topic_goes_to_the_dead_letters_whatever_it_waited_for(engine: AsyncEngine) -> None:
    admin = OutboxAdmin(engine)
    await put(engine, "a:1", "a:2", "b:1")
    await put(engine, "a:3", "c:1", topic="other")
    await deliver(engine, a_1=Unreliable("not now"))
    await put(engine, "d:1")
    assert await admin.skip_topic("meetings") == 3
    assert sorted(await dead(engine)) == [
        ("a:1", "Skipped with its topic; Unreliable: not now", 1),
        ("a:2", "Skipped with its topic", 0),
        ("d:1", "Skipped with its topic", 0),
    ]
    assert await left(engine) == ["a:3"]
    assert await admin.skip_topic("meetings") == 0
    assert await admin.replay() == 3
    await run(engine, "UPDATE uow_events.blocked_keys SET until = clock_timestamp()")
    assert (await deliver(engine)).of_key("a") == ["a:3", "a:1", "a:2"]


async def test_a_key_of_which_nothing_waits_after_a_skip_is_no_longer_blocked(engine: AsyncEngine) -> None:
    await put(engine, "a:1", "a:2")
    await deliver(engine, a_1=Unreliable("not now"))
    await OutboxAdmin(engine).skip_topic("meetings")
    assert await rows(engine, "key", "blocked_keys") == []
    await put(engine, "a:3")
    assert (await deliver(engine)).delivered == ["a:3"]


@pytest.mark.parametrize("topic", ["", "x" * 256, None])
@pytest.mark.parametrize("action", ["pause_topic", "resume_topic", "skip_topic"])
async def test_a_topic_that_is_none_is_refused(engine: AsyncEngine, action: str, topic: object) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await getattr(OutboxAdmin(engine), action)(topic)
    assert str(caught.value) == f"The argument topic must be a text of 1 to 255 characters, and is {topic!r}"
