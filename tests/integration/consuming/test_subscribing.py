"""What a subscriber of FastStream hands over, and what is read of it."""

import importlib
import sys
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from faststream.message import StreamMessage
from faststream.rabbit import RabbitBroker, TestRabbitBroker
from faststream.redis import RedisBroker, StreamSub
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.consuming.service import Placed, Service
from tests.integration.consuming.test_consumer import consumer_of, fail, message
from uow_events import MissingExtraError, purge_consumed_messages
from uow_events.integrations.faststream.attributes import attributes_of, topic_of


@pytest.fixture
def service(engine: AsyncEngine) -> Service:
    return Service(engine)


async def test_a_subscriber_of_fast_stream_hands_its_messages_over_undecoded(service: Service) -> None:
    broker = RabbitBroker()
    consumer_of(service).subscribe(broker, "orders")
    headers = {"cloudEvents_id": "7", "cloudEvents_source": "shop", "cloudEvents_type": "order-placed"}
    async with TestRabbitBroker(broker):
        await broker.publish(b'{"order": "7"}', "orders", headers=headers)
        await broker.publish(b"{", "orders", headers={**headers, "cloudEvents_id": "8"})
        await broker.publish(b"{", "orders")
    assert await service.notes() == ["7"]
    assert await service.rows("topic, type", "dead_letters ORDER BY id") == [("orders", "order-placed"), ("orders", "")]


def test_a_group_of_redis_keeps_what_was_not_acknowledged(service: Service) -> None:
    broker = RedisBroker()
    consumer_of(service).subscribe(broker, stream=StreamSub("orders", group="notes", consumer="1"))
    assert len(broker.subscribers) == 1


async def test_a_broker_that_counts_no_time_is_told_nothing(service: Service) -> None:
    service.effect = fail
    one = message()
    plain = StreamMessage[Any](one.raw_message, one.body, headers=one.headers)
    await consumer_of(service, max_attempts=2).consume(plain)
    assert await service.rows("attempts", "dead_letters") == [(2,)]


async def test_an_unknown_type_is_reported_once_where_it_becomes_a_dead_letter(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = consumer_of(service)
    for _ in range(2):
        await consumer.consume(message(type="unheard-of"))
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR", "ERROR"]


async def test_all_old_messages_are_forgotten_batch_by_batch(
    service: Service, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uow_events.mediator.inbox.purging.BATCH", 1)
    for order in ("7", "8"):
        await service.mediator.consume(Placed(order), consumer="notes", message_id=order)
    assert await purge_consumed_messages(engine, older_than=timedelta(microseconds=1)) == 2


def test_without_the_extra_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faststream", None)
    monkeypatch.delitem(sys.modules, "uow_events.integrations.faststream.subscribing")
    with pytest.raises(MissingExtraError, match="needs the extra 'kafka,nats,rabbitmq,redis'"):
        importlib.import_module("uow_events.integrations.faststream.subscribing")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"ce_id": "7", "ce_source": b"s", "other": "x"}, {"id": "7", "source": "s", "other": "x"}),
        ({"Ce-Id": "7", "ce-source": "caf%C3%A9", "Nats-Msg-Id": "7"}, {"id": "7", "source": "caf\u00e9"}),
        ({"cloudEvents:id": "7", "cloudEvents_type": "t", "x-death": [1], "x-a": "b"}, {"id": "7", "type": "t"}),
        ({"id": "none", "typeversion": "2", "message_id": "m", "tenant": "a"}, {"typeversion": "2", "tenant": "a"}),
    ],
)
def test_attributes_are_read_under_the_names_of_every_binding(given: dict[str, Any], found: dict[str, str]) -> None:
    assert attributes_of(given) == found


@pytest.mark.parametrize(
    ("raw", "topic"),
    [
        ({"channel": "stream"}, "stream"),
        (SimpleNamespace(routing_key="queue"), "queue"),
        (SimpleNamespace(subject="subject"), "subject"),
        (SimpleNamespace(), ""),
    ],
)
def test_the_topic_is_what_a_message_came_by(raw: Any, topic: str) -> None:
    assert topic_of(raw) == topic
