"""What FastStreamBroker does over every kind of broker: making it, its life, FastStream's middlewares."""

import asyncio
import importlib
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from faststream import BaseMiddleware
from faststream.confluent import KafkaBroker as ConfluentBroker
from faststream.kafka import KafkaBroker
from faststream.nats import NatsBroker
from faststream.rabbit import RabbitBroker
from faststream.redis import RedisBroker, RedisSentinelBroker

from tests.brokers import jetstream, rabbitmq, redis_streams
from tests.brokers.proxy import proxy_to
from tests.brokers.services import url_of
from uow_events import InvalidArgumentError, MissingExtraError
from uow_events.brokers import FastStreamBroker
from uow_events.testing import make_message

KINDS = [(KafkaBroker, "kafka"), (RabbitBroker, "rabbitmq"), (NatsBroker, "nats"), (RedisBroker, "redis")]


def test_no_package_of_a_broker_is_imported_before_one_is_made() -> None:
    script = (
        "import sys, uow_events, uow_events.brokers\n"
        "uow_events.brokers.FastStreamBroker\n"
        "print({'faststream', 'aiokafka', 'aio_pika', 'nats', 'redis'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(("kind", "extra"), KINDS)
def test_a_missing_client_is_named_with_its_extra(kind: type[Any], extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = kind()
    monkeypatch.setitem(sys.modules, kind.__module__.rpartition(".broker.")[0], None)
    monkeypatch.delitem(sys.modules, f"uow_events.brokers.faststream.{extra}", raising=False)
    with pytest.raises(MissingExtraError) as raised:
        FastStreamBroker(broker)
    assert str(raised.value) == (
        f"FastStreamBroker({kind.__name__}) needs the extra {extra!r}: pip install 'uow-events[{extra}]'"
    )


def test_a_broker_derived_from_a_known_one_is_known() -> None:
    FastStreamBroker(RedisSentinelBroker(sentinels=[("127.0.0.1", 1)], sentinel_master_name="m"))


@pytest.mark.parametrize("broker", [object(), ConfluentBroker(), "nats://localhost"])
def test_what_is_no_broker_of_a_known_kind_is_refused(broker: Any) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        FastStreamBroker(broker)
    assert str(raised.value) == (
        "The argument broker must be a KafkaBroker, RabbitBroker, NatsBroker or RedisBroker of FastStream, and is a "
        f"{type(broker).__name__}"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"exchange": "e"}, "The argument exchange must be left out for a NatsBroker: it is for a RabbitBroker"),
        ({"concurrency": 0}, "The argument concurrency must be an integer from 1, and is 0"),
        ({"concurrency": True}, "The argument concurrency must be an integer from 1, and is True"),
        (
            {"publish_timeout": timedelta(0)},
            "The argument publish_timeout must be a timedelta above 0, and is datetime.timedelta(0)",
        ),
        ({"publish_timeout": 3}, "The argument publish_timeout must be a timedelta above 0, and is 3"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        FastStreamBroker(NatsBroker(), **arguments)
    assert str(raised.value) == message


async def test_it_connects_at_the_first_publish_and_closes_at_the_end_of_its_block(topic: str) -> None:
    nats = NatsBroker(url_of("nats"), logger=None)
    broker = FastStreamBroker(nats)
    assert await broker.publish([]) == []
    assert nats._connection is None
    async with jetstream.stream(topic):
        assert await broker.publish([make_message(topic, b"")]) == [None]
    async with broker:
        connection = nats.connection
    assert connection.is_closed


async def test_a_broker_that_its_application_started_is_left_running(topic: str) -> None:
    nats = NatsBroker(url_of("nats"), logger=None)
    await nats.start()
    async with FastStreamBroker(nats) as broker:
        await broker.ping()
    assert nats.connection.is_connected
    await nats.stop()


class Counting(BaseMiddleware):
    seen: list[str] = []

    async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
        cmd.headers["traced"] = "yes"
        self.seen.append(cmd.destination)
        return await call_next(cmd)


@pytest.fixture
async def targets(topic: str) -> AsyncIterator[str]:
    async with rabbitmq.channel() as channel, jetstream.stream(topic):
        await channel.declare_queue(topic, exclusive=True)
        yield topic
        client: Any = redis_streams.Redis.from_url(url_of("redis"))
        await client.delete(topic)
        await client.aclose()


@pytest.mark.parametrize(("kind", "name"), KINDS[1:])
async def test_middlewares_of_the_broker_see_each_message(kind: type[Any], name: str, targets: str) -> None:
    Counting.seen.clear()
    async with FastStreamBroker(kind(url_of(name), middlewares=[Counting], logger=None)) as broker:
        assert await broker.publish([make_message(targets, b"")] * 2) == [None, None]
    assert Counting.seen == [targets] * 2


def test_the_driver_modules_are_there() -> None:
    for _, extra in KINDS:
        assert importlib.import_module(f"uow_events.brokers.faststream.{extra}").DRIVER


async def test_calls_at_the_same_time_connect_once(topic: str) -> None:
    async with proxy_to(url_of("nats")) as proxy, jetstream.stream(topic):
        broker = FastStreamBroker(NatsBroker(proxy.url, logger=None))
        outcomes = await asyncio.gather(*(broker.publish([make_message(topic, b"")]) for _ in range(5)))
        assert outcomes == [[None]] * 5
        assert proxy.connections == 1
        async with broker:
            pass
