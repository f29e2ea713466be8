"""G7 without a database: what overlaps, what does not, in which order things start."""

import asyncio
from contextvars import ContextVar
from typing import Any

from tests.unit.events.concurrent import Followed, Happened, Pipeline, Source, Told, record
from uow_events.messages import Record

CHANGED: ContextVar[str] = ContextVar("changed", default="as it was")


class Gauge:
    """Counts who is inside at a time."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def __call__(self, event: Any) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(5):
            await asyncio.sleep(0)
        self.now -= 1


async def test_handlers_without_the_session_overlap() -> None:
    together = asyncio.Barrier(4)
    pipeline = Pipeline(limit=4)
    for name in "abcd":
        pipeline.on(Happened, lambda _: together.wait(), name)
    async with asyncio.timeout(20):
        await pipeline.drain(Happened())
    assert pipeline.seen == ["a ", "b ", "c ", "d "]


async def test_the_limit_counts_handlers_and_not_events() -> None:
    gauge, pipeline = Gauge(), Pipeline(limit=3)
    for name in "abcd":
        pipeline.on(Happened, gauge, name)
    await pipeline.drain(Happened("1"), Happened("2"))
    assert gauge.most == 3
    assert len(pipeline.seen) == 8


async def test_the_limit_counts_those_that_hold_the_session_too() -> None:
    gauge, pipeline = Gauge(), Pipeline(limit=2)
    pipeline.on(Happened, gauge, "holder", holds=True)
    pipeline.on(Happened, gauge, "other")
    await pipeline.drain(*[Happened(str(number)) for number in range(5)])
    assert gauge.most == 2


async def test_handlers_that_hold_the_session_run_one_at_a_time_in_order_beside_others() -> None:
    holding, outside = Gauge(), asyncio.Barrier(2)
    pipeline = Pipeline(limit=10)

    async def second_holder(event: Happened) -> None:
        await holding(event)
        if event.name == "1":
            await outside.wait()

    pipeline.on(Happened, holding, "first", holds=True)
    pipeline.on(Happened, second_holder, "second", holds=True)
    pipeline.on(Followed, lambda _: outside.wait(), "outside")
    async with asyncio.timeout(20):
        await pipeline.drain(Happened("1"), Happened("2"), Followed())
    assert holding.most == 1
    assert [entry for entry in pipeline.seen if entry != "outside "] == ["first 1", "second 1", "first 2", "second 2"]


async def test_the_lowest_position_that_can_start_starts_first() -> None:
    """A ready holder whose turn it is not stands back for those after it; once the turn is free, it goes first."""
    leave, started = asyncio.Event(), asyncio.Event()
    pipeline = Pipeline(limit=2)

    async def holder(event: Happened) -> None:
        if event.name == "1":
            await leave.wait()
        else:
            started.set()

    async def other(event: Happened) -> None:
        if event.name == "2":
            leave.set()
            await started.wait()

    pipeline.on(Happened, holder, "holder", holds=True)
    pipeline.on(Happened, other, "other")
    async with asyncio.timeout(20):
        await pipeline.drain(Happened("1"), Happened("2"), Happened("3"))
    assert pipeline.seen == ["holder 1", "other 1", "other 2", "holder 2", "holder 3", "other 3"]


async def test_follow_ups_start_as_soon_as_their_parent_is_done() -> None:
    """Also before the parent's siblings are: the sibling here waits for the follow-up."""
    followed = asyncio.Event()
    pipeline = Pipeline(limit=2)
    pipeline.on(Happened, lambda _: record(Followed("next")), "parent")
    pipeline.on(Happened, lambda _: followed.wait(), "sibling")
    pipeline.on(Followed, lambda _: followed.set(), "child")
    async with asyncio.timeout(20):
        await pipeline.drain(Happened())
    assert pipeline.seen == ["parent ", "sibling ", "child next"]


async def test_earlier_generations_start_before_later_ones() -> None:
    pipeline = Pipeline(limit=2)
    pipeline.on(Happened, lambda event: record(Followed(event.name)), "parent")
    pipeline.on(Followed, lambda _: None, "child")
    await pipeline.drain(*[Happened(str(number)) for number in range(5)])
    assert pipeline.seen == [f"parent {number}" for number in range(5)] + [f"child {number}" for number in range(5)]


async def test_a_chain_and_a_fan_of_ten_thousand_events_pass() -> None:
    pipeline = Pipeline(limit=4)

    def parent(event: Happened) -> None:
        if event.name == "fan":
            for number in range(9_999):
                record(Followed(str(number)))
        elif event.count < 10_000:
            record(Happened("chain", event.count + 1))

    pipeline.on(Happened, parent, "parent")
    pipeline.on(Followed, lambda _: None, "child")
    source = await pipeline.drain(Happened("fan"))
    assert source.count == 10_000
    assert pipeline.seen[1:] == [f"child {number}" for number in range(9_999)]
    assert (await pipeline.drain(Happened("chain", 1))).count == 10_000


async def test_a_handler_keeps_its_context_variables_to_itself() -> None:
    found: list[str] = []

    async def changes(event: Happened) -> None:
        found.append(CHANGED.get())
        CHANGED.set(event.name)
        record(Followed())

    async def looks(event: Followed) -> None:
        found.append(CHANGED.get())

    pipeline = Pipeline(limit=2)
    pipeline.on(Happened, changes, "changes")
    pipeline.on(Followed, looks, "looks")
    token = CHANGED.set("the caller's")
    try:
        await pipeline.drain(Happened("1"), Happened("2"))
    finally:
        CHANGED.reset(token)
    assert found == ["the caller's"] * 4
    assert CHANGED.get() == "as it was"


async def test_tasks_are_named_after_handler_and_event() -> None:
    names: list[str] = []
    pipeline = Pipeline()
    pipeline.on(Happened, lambda _: names.append(asyncio.current_task().get_name()), "hears")  # type: ignore[union-attr]
    await pipeline.drain(Happened())
    assert names == ["hears handling Happened"]


async def test_a_holder_flushes_and_builds_in_its_turn_before_its_follow_ups_start() -> None:
    """Callables see what the flush gives; a second holder comes after them."""
    source, pipeline = Source(Happened("1")), Pipeline()

    def built() -> Followed:
        pipeline.seen.append(f"built after {source.log}")
        return Followed("built")

    pipeline.on(Happened, lambda _: record(built), "first", holds=True)
    pipeline.on(Happened, lambda _: None, "second", holds=True)
    pipeline.on(Followed, lambda _: None, "child")
    await pipeline.drain_from(source)
    assert pipeline.seen[:2] == ["first 1", "built after ['flush', 'flush']"]
    assert sorted(pipeline.seen[2:]) == ["child built", "second 1"]


async def test_others_take_the_turn_to_build_and_only_then() -> None:
    source, pipeline = Source(Happened("1"), Followed("2")), Pipeline()
    pipeline.on(Happened, lambda _: record(lambda: Told("built")), "builder")
    pipeline.on(Followed, lambda _: record(Told("plain")), "plain")
    await pipeline.drain_from(source)
    assert source.log == ["flush"]
    assert sorted(event.name for event in pipeline.channel.published) == ["built", "plain"]  # type: ignore[union-attr]


async def test_notifications_are_published_in_the_sequential_order_however_handlers_overlap() -> None:
    last_first = asyncio.Event()
    pipeline = Pipeline(limit=3)

    async def parent(event: Happened) -> None:
        if event.name == "a":
            await last_first.wait()
        record(Told(f"{event.name}1"))
        record(Told(f"{event.name}2"))
        if event.name == "b":
            last_first.set()

    pipeline.on(Happened, parent, "parent")
    async with asyncio.timeout(20):
        await pipeline.drain(Told("0"), Happened("a"), Happened("b"), Told("9"))
    assert [event.name for event in pipeline.channel.published] == [  # type: ignore[union-attr]
        *("0", "9", "a1", "a2", "b1", "b2")
    ]


async def test_what_no_handler_recorded_comes_at_the_end() -> None:
    source, pipeline = Source(Happened("1")), Pipeline()
    pipeline.on(Happened, lambda _: source.waiting.append(Record(Followed("unowned"), None)), "hears")
    pipeline.on(Followed, lambda _: None, "late")
    await pipeline.drain_from(source)
    assert pipeline.seen == ["hears 1", "late unowned"]
