"""Kafka: what becomes of a message there, and what is refused; on librdkafka's mock of a cluster."""

import gc
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import errors
from faststream.kafka import KafkaBroker

from tests.brokers import kafka
from tests.brokers.proxy import proxy_to
from uow_events import BrokerUnavailableError, InvalidArgumentError, MessageRefusedError
from uow_events.brokers import FastStreamBroker
from uow_events.brokers.faststream.kafka import KafkaDriver
from uow_events.brokers.faststream.limits import Limits
from uow_events.testing import make_message


@pytest.fixture(scope="module")
def servers() -> Iterator[list[str]]:
    with kafka.cluster() as servers:
        yield servers


def broker_on(servers: list[str], *, timeout: float = 30, **options: Any) -> FastStreamBroker:
    broker = KafkaBroker(servers, logger=None, **{"acks": "all", **options})
    return FastStreamBroker(broker, publish_timeout=timedelta(seconds=timeout))


async def test_a_record_has_the_headers_of_the_cloudevents_binding(servers: list[str], topic: str) -> None:
    message = make_message(topic, b"{}", key="ü", tenant="ü", traceparent="00-1")
    async with broker_on(servers, enable_idempotence=True) as broker:
        assert await broker.publish([message]) == [None]
    (record,) = await kafka.get_all(servers, topic)
    assert (record.key, record.value) == ("ü".encode(), b"{}")
    assert {name: value.decode() for name, value in record.headers} == {
        "ce_specversion": "1.0",
        "ce_id": str(message.id),
        "ce_source": "/contract",
        "ce_type": "ContractTested",
        "ce_time": message.headers["time"],
        "ce_correlationid": "c-1",
        "ce_causationid": "c-2",
        "content-type": "application/json",
        "tenant": "ü",
        "traceparent": "00-1",
        "correlation_id": "c-1",
    }


async def test_records_of_a_key_are_in_one_partition(servers: list[str], topic: str) -> None:
    async with broker_on(servers) as broker:
        for key in ("a", "b") * 5:
            assert await broker.publish([make_message(topic, b"", key=key)]) == [None]
    found = {(record.key, record.partition) for record in await kafka.get_all(servers, topic)}
    assert len(found) == 2


async def test_a_message_over_the_largest_request_is_refused(servers: list[str], topic: str) -> None:
    async with broker_on(servers, max_request_size=1000) as broker:
        refused, taken = await broker.publish([make_message(topic, b"x" * 1000), make_message(topic, b"")])
    assert isinstance(refused, MessageRefusedError)
    assert "MessageSizeTooLargeError" in refused.reason
    assert taken is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # FastStream leaves a producer open
async def test_a_cluster_that_is_not_there_is_unavailable() -> None:
    async with proxy_to("tcp://127.0.0.1:1") as proxy:
        broker = broker_on([proxy.url.removeprefix("tcp://")], timeout=5)
        (outcome,) = await broker.publish([make_message("t", b"")])
        assert isinstance(outcome, BrokerUnavailableError)
        assert outcome.reason.startswith("KafkaConnectionError: Unable to bootstrap from")
        outcome.__cause__ = None
        gc.collect()


async def test_a_cluster_that_went_away_confirms_nothing_and_is_left_in_time(
    topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as life:
        servers = life.enter_context(kafka.cluster())
        async with broker_on(servers, timeout=1) as broker:
            assert await broker.publish([make_message(topic, b"")]) == [None]
            life.close()
            (outcome,) = await broker.publish([make_message(topic, b"")])
            assert isinstance(outcome, TimeoutError)
            with pytest.raises(BrokerUnavailableError, match="KafkaBroker cannot be reached"):
                await broker.ping()
    assert caplog.messages[-1].startswith(
        "A connection was not closed properly: KafkaBroker cannot be reached: Timeout"
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.TopicAuthorizationFailedError(), MessageRefusedError),
        (errors.InvalidTopicError(), MessageRefusedError),
        (errors.RecordListTooLargeError(), MessageRefusedError),
        (errors.PolicyViolationError(), MessageRefusedError),
        (errors.KafkaConnectionError(), BrokerUnavailableError),
        (errors.ProducerClosed(), BrokerUnavailableError),
        (errors.KafkaTimeoutError(), TimeoutError),
        (errors.RequestTimedOutError(), TimeoutError),
        (errors.UnknownTopicOrPartitionError(), errors.UnknownTopicOrPartitionError),
        (errors.NotEnoughReplicasError(), errors.NotEnoughReplicasError),
    ],
)
def test_what_a_real_cluster_may_say_is_told_to_the_relay(error: Exception, kind: type[Exception]) -> None:
    driver = KafkaDriver(KafkaBroker(), Limits(timedelta(seconds=1), 1))
    outcome = driver.outcome(make_message("t", b""), error)
    assert type(outcome) is kind
    assert outcome is error or outcome.__cause__ is error


def test_a_producer_that_waits_for_no_acknowledgement_is_refused() -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        FastStreamBroker(KafkaBroker(acks=0))
    assert str(raised.value) == (
        'The argument broker must be a KafkaBroker with acks="all" or acks=1: with acks=0 nothing confirms'
    )
