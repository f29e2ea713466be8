"""Consuming from real brokers into a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from faststream.message import StreamMessage
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.brokers.benches import BENCHES, Bench
from tests.integration.consuming.service import Placed, Service
from uow_events import Backoff, WireContract
from uow_events.integrations.faststream import Consumer

AT_ONCE = Backoff(timedelta(microseconds=1), timedelta(microseconds=1))
LIMIT = 20


class Watched(Consumer):
    """Tells of every message that it is done with."""

    def __init__(self, service: Service, name: str = "notes", **options: Any) -> None:
        given = {"contract": WireContract(Placed), "backoff": AT_ONCE, **options}
        super().__init__(service.mediator, name, **given)
        self.done: asyncio.Queue[str] = asyncio.Queue()

    async def consume(self, message: StreamMessage[Any]) -> None:
        await super().consume(message)
        assert message.committed
        self.done.put_nowait(bytes(message.body).decode())

    async def wait(self, count: int = 1) -> list[str]:
        async with asyncio.timeout(LIMIT):
            return [await self.done.get() for _ in range(count)]


def attributes(**more: str) -> dict[str, str]:
    given = {"specversion": "1.0", "id": str(uuid4()), "source": "shop", "type": "order-placed"}
    return {**given, "typeversion": "1", "correlationid": "request-7", "causationid": "command-3", **more}


@pytest.fixture(params=BENCHES, ids=lambda bench: bench.service)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with request.param() as bench:
        yield bench


@pytest.fixture
def service(engine: AsyncEngine) -> Service:
    return Service(engine)


async def test_a_message_is_consumed_and_acknowledged(bench: Bench, service: Service) -> None:
    consumer = Watched(service)
    given = attributes(source="caf\u00e9" if bench.service != "nats" else "caf%C3%A9")
    await bench.publish(b'{"order": "7", "later": 1}', given, traceparent="00-1-1-01")
    async with bench.consuming(consumer):
        await consumer.wait()
    assert await service.notes() == ["7"]
    (context,) = service.contexts
    assert str(context.message_id) == given["id"]
    assert (context.correlation_id, context.causation_id) == ("request-7", "command-3")
    assert dict(context.headers) == {"traceparent": "00-1-1-01"}
    assert await service.rows("source", "consumed_messages") == [("caf\u00e9",)]
    ((noted,),) = await service.rows("headers", "outbox")
    assert (noted["correlationid"], noted["causationid"]) == ("request-7", given["id"])


async def test_a_message_that_was_published_twice_takes_effect_once(bench: Bench, service: Service) -> None:
    consumer = Watched(service)
    given = attributes()
    for _ in range(2):
        await bench.publish(b'{"order": "7"}', given)
    await bench.publish(b'{"order": "8"}', attributes())
    async with bench.consuming(consumer):
        await consumer.wait(3)
    assert await service.notes() == ["7", "8"]


async def test_what_was_committed_and_not_acknowledged_does_nothing_when_it_comes_again(
    bench: Bench, service: Service, engine: AsyncEngine
) -> None:
    committed, forever = asyncio.Event(), asyncio.Event()

    async def dies_after_the_commit(_: Any, call_next: Any) -> None:
        await call_next()
        committed.set()
        await forever.wait()

    first = Watched(Service(engine, middleware=[dies_after_the_commit]))
    await bench.publish(b'{"order": "7"}', attributes())
    async with bench.consuming(first):
        async with asyncio.timeout(LIMIT):
            await committed.wait()
    assert await service.notes() == ["7"]
    second = Watched(service)
    async with bench.consuming(second, takes_over=True):
        await second.wait()
    assert first.done.empty()
    assert service.contexts == []
    assert await service.notes() == ["7"]


async def test_a_message_that_fails_is_tried_again_before_the_next_one(bench: Bench, service: Service) -> None:
    async def fail_once() -> None:
        if len(service.contexts) == 1:
            raise LookupError("not there yet")

    service.effect = fail_once
    consumer = Watched(service)
    await bench.publish(b'{"order": "7"}', attributes())
    await bench.publish(b'{"order": "8"}', attributes())
    async with bench.consuming(consumer):
        assert await consumer.wait(2) == ['{"order": "7"}', '{"order": "8"}']
    assert await service.notes() == ["7", "8"]


async def test_a_poison_message_becomes_a_dead_letter_and_is_acknowledged(bench: Bench, service: Service) -> None:
    async def fail() -> None:
        raise LookupError("no such order")

    service.effect = fail
    consumer = Watched(service, max_attempts=3)
    given = attributes()
    await bench.publish(b'{"order": "7"}', given)
    async with bench.consuming(consumer):
        await consumer.wait()
    columns = "consumer, outbox_id, event_id::text, topic, type, payload, attempts, last_error"
    assert await service.rows(columns, "dead_letters") == [
        ("notes", None, given["id"], bench.topic, "order-placed", b'{"order": "7"}', 3, "LookupError: no such order")
    ]
    ((headers,),) = await service.rows("headers", "dead_letters")
    assert headers == given
    assert len(service.contexts) == 3
    assert await service.notes() == []


async def test_attempts_are_counted_over_restarts(bench: Bench, service: Service, engine: AsyncEngine) -> None:
    async def fail() -> None:
        raise LookupError("no such order")

    service.effect = fail
    await bench.publish(b'{"order": "7"}', attributes())
    patient = Watched(service, max_attempts=2, backoff=Backoff(timedelta(hours=1), timedelta(hours=1)))
    async with bench.consuming(patient):
        async with asyncio.timeout(LIMIT):
            while await service.rows("attempts", "consumed_messages") != [(1,)]:
                pass
    again = Watched(service, max_attempts=2)
    async with bench.consuming(again, takes_over=True):
        await again.wait()
    assert await service.rows("attempts", "dead_letters") == [(2,)]


async def test_two_consumers_of_one_message_each_have_its_effect(
    bench: Bench, service: Service, engine: AsyncEngine
) -> None:
    other = Service(engine)
    other.prefix = "other "
    first, second = Watched(service), Watched(other, "others")
    await bench.publish(b'{"order": "7"}', attributes())
    async with bench.consuming(first, second):
        await first.wait()
        await second.wait()
    assert sorted(await service.rows("consumer", "consumed_messages")) == [("notes",), ("others",)]
    assert sorted(await service.notes()) == ["7", "other 7"]


async def test_what_is_no_cloud_event_becomes_a_dead_letter(bench: Bench, service: Service) -> None:
    consumer = Watched(service)
    await bench.publish(b"[", {})
    await bench.publish(b"{", attributes())
    await bench.publish(b"{}", attributes(type="unheard-of"))
    async with bench.consuming(consumer):
        await consumer.wait(3)
    found = await service.rows("type, payload, attempts, split_part(last_error, ':', 1)", "dead_letters ORDER BY id")
    assert found == [
        ("", b"[", 1, "UnreadableMessageError"),
        ("order-placed", b"{", 1, "UnreadableMessageError"),
        ("unheard-of", b"{}", 1, "UnknownMessageTypeError"),
    ]
