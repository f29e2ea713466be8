"""Redis streams: what becomes of a message there, what is refused, and how a connection is got back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from faststream.redis import BinaryMessageFormatV1, RedisBroker, RedisClusterBroker
from redis.asyncio import Redis

from tests.brokers.processes import redis_server
from tests.brokers.proxy import proxy_to
from tests.brokers.services import url_of
from tests.brokers.waiting import until_taken
from uow_events import BrokerUnavailableError, InvalidArgumentError, MessageRefusedError
from uow_events.brokers import FastStreamBroker
from uow_events.testing import make_message


@pytest.fixture
async def client(topic: str) -> "AsyncIterator[Redis]":
    async with Redis.from_url(url_of("redis")) as client:
        yield client
        await client.delete(topic, f"{topic}:text")


def broker_on(url: str, *, timeout: float = 30, **options: Any) -> FastStreamBroker:
    return FastStreamBroker(RedisBroker(url, logger=None), publish_timeout=timedelta(seconds=timeout), **options)


async def test_an_entry_has_one_field_with_headers_and_bytes(client: "Redis", topic: str) -> None:
    message = make_message(topic, b'{"a": 1}', key="k", tenant="ü", traceparent="00-1")
    async with broker_on(url_of("redis")) as broker:
        assert await broker.publish([message]) == [None]
    ((_, fields),) = await client.xrange(topic)
    assert list(fields) == [b"__data__"]
    payload, headers = BinaryMessageFormatV1.parse(fields[b"__data__"])
    assert payload == message.payload
    assert headers == {
        "ce_specversion": "1.0",
        "ce_id": str(message.id),
        "ce_source": "/contract",
        "ce_type": "ContractTested",
        "ce_time": message.headers["time"],
        "ce_correlationid": "c-1",
        "ce_causationid": "c-2",
        "ce_partitionkey": "k",
        "content-type": "application/json",
        "tenant": "ü",
        "traceparent": "00-1",
        "correlation_id": "c-1",
    }


async def test_a_batch_goes_in_pipelines_of_the_given_size(client: "Redis", topic: str) -> None:
    async with broker_on(url_of("redis"), concurrency=7) as broker:
        assert await broker.publish([make_message(topic, b"%d" % n) for n in range(20)]) == [None] * 20
    payloads = [BinaryMessageFormatV1.parse(fields[b"__data__"])[0] for _, fields in await client.xrange(topic)]
    assert payloads == [b"%d" % n for n in range(20)]


async def test_a_key_that_is_no_stream_refuses(client: "Redis", topic: str) -> None:
    await client.set(topic, "text")
    async with broker_on(url_of("redis")) as broker:
        (outcome,) = await broker.publish([make_message(topic, b"")])
    assert isinstance(outcome, MessageRefusedError)
    assert outcome.reason == "WRONGTYPE Operation against a key holding the wrong kind of value"


async def test_a_user_without_permission_is_refused_and_a_full_server_waited_for(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server, Redis(port=server.port) as admin:
        await admin.execute_command("ACL", "SETUSER", "relay", "on", ">right", "~allowed", "+@all")
        async with broker_on(f"redis://relay:right@127.0.0.1:{server.port}") as broker:
            refused, taken = await broker.publish([make_message("denied", b""), make_message("allowed", b"")])
            assert isinstance(refused, MessageRefusedError)
            assert "permissions to access" in refused.reason
            assert taken is None
            await admin.config_set("maxmemory", "1")
            (full,) = await broker.publish([make_message("allowed", b"")])
            assert isinstance(full, BrokerUnavailableError)
            assert full.reason == "command not allowed when used memory > 'maxmemory'"


async def test_an_error_of_the_server_that_says_neither_is_a_failed_attempt(tmp_path: Path) -> None:
    options = ("--min-replicas-to-write", "1")
    async with redis_server(tmp_path, *options) as server, broker_on(f"redis://127.0.0.1:{server.port}") as broker:
        (outcome,) = await broker.publish([make_message("t", b"")])
    assert not isinstance(outcome, MessageRefusedError | BrokerUnavailableError)
    assert "NOREPLICAS" in str(outcome)


async def test_a_lost_connection_is_opened_again(client: "Redis", topic: str) -> None:
    async with proxy_to(url_of("redis")) as proxy, broker_on(proxy.url) as broker:
        assert await until_taken(broker, topic, b"before") == 0
        proxy.cut()
        await until_taken(broker, topic, b"after")
        await broker.ping()
        assert proxy.connections == 2


async def test_an_answer_that_does_not_come_in_time_is_a_timeout(client: "Redis", topic: str) -> None:
    async with proxy_to(url_of("redis")) as proxy, broker_on(proxy.url, timeout=0.3) as broker:
        assert await until_taken(broker, topic, b"") == 0
        proxy.hold()
        outcomes = await broker.publish([make_message(topic, b"")] * 2)
        assert [type(outcome) for outcome in outcomes] == [TimeoutError] * 2
        with pytest.raises(BrokerUnavailableError):
            await broker.ping()
        proxy.cut()


async def test_a_server_that_is_gone_or_lets_nobody_in_is_unavailable_without_its_password(tmp_path: Path) -> None:
    async with redis_server(tmp_path, "--requirepass", "right") as server:
        async with broker_on(f"redis://:s3cr3t@127.0.0.1:{server.port}") as broker:
            (outcome,) = await broker.publish([make_message("t", b"")])
            assert isinstance(outcome, BrokerUnavailableError)
            assert outcome.reason == "invalid username-password pair or user is disabled"
        await server.kill()
        async with broker_on(f"redis://:s3cr3t@127.0.0.1:{server.port}") as broker:
            (outcome,) = await broker.publish([make_message("t", b"")])
            assert isinstance(outcome, BrokerUnavailableError)
            assert "s3cr3t" not in f"{outcome} {outcome.__cause__}"
            with pytest.raises(BrokerUnavailableError):
                await broker.ping()


def test_a_cluster_is_refused() -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        FastStreamBroker(RedisClusterBroker("redis://127.0.0.1:6379"))
    assert str(raised.value) == ("The argument broker must be a RedisBroker of one server, and is a RedisClusterBroker")
