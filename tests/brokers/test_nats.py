"""NATS JetStream: what becomes of a message there, what it refuses, and how its connection is got back."""

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from faststream.nats import NatsBroker
from nats.js import JetStreamContext
from nats.js.errors import NoStreamResponseError

from tests.brokers import jetstream
from tests.brokers.processes import nats_server
from tests.brokers.services import url_of
from tests.brokers.waiting import until_taken
from uow_events import BrokerUnavailableError, MessageRefusedError
from uow_events.brokers import FastStreamBroker
from uow_events.testing import make_message


@pytest.fixture
async def stream(topic: str) -> AsyncIterator[JetStreamContext]:
    async with jetstream.stream(topic, max_msg_size=5000) as stream:
        yield stream


@pytest.fixture
async def broker() -> AsyncIterator[FastStreamBroker]:
    async with broker_on(url_of("nats")) as broker:
        yield broker


def broker_on(url: str, *, timeout: float = 30, **options: Any) -> FastStreamBroker:
    options = {"reconnect_time_wait": 0.1, "max_reconnect_attempts": -1, "logger": None, **options}
    return FastStreamBroker(NatsBroker(url, **options), publish_timeout=timedelta(seconds=timeout))


async def test_a_message_has_the_headers_of_the_cloudevents_binding(
    broker: FastStreamBroker, stream: JetStreamContext, topic: str
) -> None:
    message = make_message(topic, b"{}", key='a "b" 100% ü', tenant="ü", traceparent="00-1")
    assert await broker.publish([message]) == [None]
    (found,) = await jetstream.get_all(stream, topic)
    assert found.headers == {
        "ce-specversion": "1.0",
        "ce-id": str(message.id),
        "ce-source": "/contract",
        "ce-type": "ContractTested",
        "ce-time": message.headers["time"],
        "ce-correlationid": "c-1",
        "ce-causationid": "c-2",
        "ce-partitionkey": "a%20%22b%22%20100%25%20%C3%BC",
        "ce-datacontenttype": "application/json",
        "content-type": "application/json",
        "tenant": "ü",
        "traceparent": "00-1",
        "correlation_id": "c-1",
        "Nats-Msg-Id": str(message.id),
    }


async def test_a_sender_cannot_command_the_server_by_a_header(
    broker: FastStreamBroker, stream: JetStreamContext, topic: str
) -> None:
    message = make_message(topic, b"", **{"Nats-Rollup": "all", "nats-msg-id": "1"})
    assert await broker.publish([make_message(topic, b"before"), message]) == [None, None]
    first, second = await jetstream.get_all(stream, topic)
    assert first.data == b"before"
    assert "Nats-Rollup" not in second.headers
    assert second.headers["Nats-Msg-Id"] == str(message.id)


async def test_what_is_delivered_twice_is_stored_once(
    broker: FastStreamBroker, stream: JetStreamContext, topic: str
) -> None:
    message = make_message(topic, b"")
    assert await broker.publish([message]) == [None]
    assert await broker.publish([message]) == [None]
    assert len(await jetstream.get_all(stream, topic)) == 1


@pytest.mark.parametrize(
    ("suffix", "size", "reason"),
    [
        ("", 2**20 + 1, "nats: maximum payload exceeded"),
        ("", 2**20 - 10, "nats: maximum payload exceeded"),
        ("", 6000, "nats: BadRequestError: code=400 err_code=10054 description='message size exceeds maximum allowed'"),
        (".a b", 0, "nats: invalid subject"),
    ],
)
async def test_what_cannot_be_stored_is_refused(
    broker: FastStreamBroker, stream: JetStreamContext, topic: str, suffix: str, size: int, reason: str
) -> None:
    messages = [make_message(topic + suffix, b"x" * size), make_message(topic, b"")]
    refused, other = await broker.publish(messages)
    assert isinstance(refused, MessageRefusedError)
    assert (refused.topic, refused.reason) == (topic + suffix, reason)
    assert other is None


async def test_a_header_that_is_none_for_nats_refuses_the_message(
    broker: FastStreamBroker, stream: JetStreamContext, topic: str
) -> None:
    (outcome,) = await broker.publish([make_message(topic, b"", **{"a:b": "c"})])
    assert isinstance(outcome, MessageRefusedError)
    assert outcome.reason == "nats: invalid header: 'a:b'"


async def test_a_subject_without_a_stream_is_a_failed_attempt(broker: FastStreamBroker, topic: str) -> None:
    (outcome,) = await broker.publish([make_message(topic, b"")])
    assert isinstance(outcome, NoStreamResponseError)


async def test_a_full_stream_is_a_failed_attempt(broker: FastStreamBroker, topic: str) -> None:
    async with jetstream.stream(topic, max_msgs=1, discard="new"):
        first, second = await broker.publish([make_message(topic, b""), make_message(topic, b"")])
        assert first is None
        assert not isinstance(second, MessageRefusedError | BrokerUnavailableError)
        assert (
            str(second)
            == "nats: ServiceUnavailableError: code=503 err_code=10077 description='maximum messages exceeded'"
        )


@pytest.mark.parametrize("attempts", [-1, 1])
async def test_a_server_that_was_away_is_found_again(tmp_path: Path, topic: str, attempts: int) -> None:
    async with nats_server(tmp_path) as server:
        url = f"nats://127.0.0.1:{server.port}"
        async with broker_on(url, timeout=1, max_reconnect_attempts=attempts) as broker:
            await jetstream.add(topic, url)
            assert await until_taken(broker, topic, b"before") == 0
            await server.kill()
            await until_unavailable(broker, topic)
            await until_given_up(broker, attempts)
            with pytest.raises(BrokerUnavailableError):
                await broker.ping()
            await server.start()
            await until_taken(broker, topic, b"after")
            await broker.ping()


async def test_the_end_is_no_error_while_the_server_is_away(tmp_path: Path, topic: str) -> None:
    async with nats_server(tmp_path) as server, broker_on(f"nats://127.0.0.1:{server.port}", timeout=1) as broker:
        await broker.ping()
        await server.kill()
        await until_unavailable(broker, topic)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # nats-py leaves its socket open
async def test_a_server_that_is_not_there_or_lets_nobody_in_is_unavailable_without_its_password(
    tmp_path: Path,
) -> None:
    async with nats_server(tmp_path, "--user", "relay", "--pass", "right") as server:
        address = f"127.0.0.1:{server.port}"
        for target in ("127.0.0.1:1", address):
            broker = broker_on(f"nats://relay:s3cr3t@{target}", timeout=1, max_reconnect_attempts=1)
            (outcome,) = await broker.publish([make_message("t", b"")])
            assert isinstance(outcome, BrokerUnavailableError)
            assert "s3cr3t" not in f"{outcome} {outcome.__cause__}"
            outcome.__cause__ = None
            gc.collect()


async def until_unavailable(broker: FastStreamBroker, topic: str) -> None:
    outcome: BaseException | None = None
    async with asyncio.timeout(10):
        while not isinstance(outcome, BrokerUnavailableError):
            (outcome,) = await broker.publish([make_message(topic, b"")])


async def until_given_up(broker: FastStreamBroker, attempts: int) -> None:
    """Wait until the client has closed its connection for good, where it tries a number of times only."""
    nats: NatsBroker = broker._driver.broker
    async with asyncio.timeout(60):
        while attempts > 0 and not nats.connection.is_closed:
            await asyncio.sleep(0.02)


async def test_a_message_without_a_content_type_has_none(
    broker: FastStreamBroker, stream: JetStreamContext, topic: str
) -> None:
    assert await broker.publish([replace(make_message(topic, b""), headers={})]) == [None]
    (found,) = await jetstream.get_all(stream, topic)
    assert {"content-type", "ce-datacontenttype"}.isdisjoint(found.headers)
