"""A Consumer without a broker: what it does with each message, and when it acknowledges."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from faststream.message import AckStatus, StreamMessage
from faststream.nats import NatsBroker
from faststream.rabbit import RabbitBroker
from faststream.redis import RedisBroker, StreamSub
from sqlalchemy import event, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.consuming.service import Placed, Service, Write
from uow_events import (
    Backoff,
    InvalidArgumentError,
    NotificationEvent,
    ReceivedMessage,
    WireContract,
    purge_consumed_messages,
)
from uow_events.integrations.faststream import Consumer

AT_ONCE = Backoff(timedelta(microseconds=1), timedelta(microseconds=1))


class Message(StreamMessage[Any]):
    """Tells when it is acknowledged, and counts how often the broker was told that it is being worked on."""

    told = 0

    async def in_progress(self) -> None:
        self.told += 1


def message(payload: bytes = b'{"order": "7"}', raw: Any = None, **attributes: str) -> Message:
    given = {"id": str(uuid4()), "source": "shop", "type": "order-placed", **attributes}
    raw = raw or SimpleNamespace(topic="shop.placed", key=b"7")
    return Message(raw, payload, headers={f"ce_{name}": value for name, value in given.items()})


def consumer_of(service: Service, **options: Any) -> Consumer:
    return Consumer(service.mediator, "notes", WireContract(Placed), **{"backoff": AT_ONCE, **options})


@pytest.fixture
def service(engine: AsyncEngine) -> Service:
    return Service(engine)


async def fail() -> None:
    raise LookupError("no such order")


async def test_it_acknowledges_after_the_commit(service: Service) -> None:
    one = message()

    async def look() -> None:
        assert one.committed is None

    service.effect = look
    await consumer_of(service).consume(one)
    assert one.committed is AckStatus.ACKED
    assert await service.notes() == ["7"]


async def test_a_command_is_made_of_an_event_and_sent(service: Service) -> None:
    consumer = consumer_of(service)

    @consumer.command_for(Placed)
    def write(event: Placed) -> Write:
        return Write(f"order {event.order}")

    one = message(id="00000000-0000-0000-0000-00000000000e")
    await consumer.consume(one)
    await consumer.consume(replaced(one))
    assert await service.notes() == ["order 7"]
    (context,) = service.contexts
    assert context.causation_id == "00000000-0000-0000-0000-00000000000e"
    with pytest.raises(InvalidArgumentError, match="for which no command is made yet, and is Placed"):
        consumer.command_for(Placed)
    with pytest.raises(InvalidArgumentError, match="an event of the contract .*, and is NotificationEvent"):
        consumer.command_for(NotificationEvent)


def replaced(one: Message) -> Message:
    """The same message, delivered again."""
    return Message(one.raw_message, one.body, headers=one.headers)


async def test_a_message_of_an_unknown_type_is_reported_once_and_ignored_where_that_is_wanted(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = consumer_of(service, unknown="ignore")
    for _ in range(2):
        one = message(type="unheard-of")
        await consumer.consume(one)
        assert one.committed is AckStatus.ACKED
    assert await service.rows("*", "dead_letters") == []
    assert await service.rows("*", "consumed_messages") == []
    assert [record.getMessage() for record in caplog.records] == [
        "notes: No event is called 'unheard-of' in this wire contract, which knows order-placed: add its class, "
        'or give the class the name that is on the wire: name="..."'
    ]


async def test_what_fails_is_tried_again_and_logged_without_content(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.effect = fail
    one = message(id="m7", payload=b'{"order": "secret"}')
    await consumer_of(service, max_attempts=3).consume(one)
    assert (one.told, one.committed) == (2, AckStatus.ACKED)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "notes failed with order-placed m7 of shop.placed: LookupError; attempt 2 begins in 0.0 s"),
        ("WARNING", "notes failed with order-placed m7 of shop.placed: LookupError; attempt 3 begins in 0.0 s"),
        ("ERROR", "notes gave up order-placed m7 of shop.placed: LookupError"),
    ]
    assert "secret" not in caplog.text
    ((key, shard),) = await service.rows("key, shard", "dead_letters")
    assert (key, shard) == ("7", (await service.rows("get_byte(sha256('7'), 0) % 64", "dead_letters"))[0][0])


async def test_a_database_error_is_stored_and_logged_without_its_parameters(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    async def twice() -> None:
        async with service.mediator.unit_of_work() as unit:
            await unit.session.execute(text("SELECT 1 / 0, CAST(:given AS text)"), {"given": "".join(["sec", "ret"])})

    service.effect = twice
    await consumer_of(service, max_attempts=1).consume(message())
    ((error,),) = await service.rows("last_error", "dead_letters")
    assert error.startswith("DBAPIError:")
    assert "secret" not in error
    assert "secret" not in caplog.text


async def test_a_dead_letter_is_not_consumed_when_it_is_delivered_again_until_it_is_taken_out(
    service: Service,
) -> None:
    service.effect = fail
    one = message()
    await consumer_of(service, max_attempts=2).consume(one)
    service.effect = lambda: asyncio.sleep(0)
    again = replaced(one)
    await consumer_of(service).consume(again)
    assert again.committed is AckStatus.ACKED
    assert await service.notes() == []
    async with service.engine.begin() as connection:
        await connection.execute(text("DELETE FROM uow_events.dead_letters"))
    await consumer_of(service).consume(replaced(one))
    assert await service.notes() == ["7"]


async def test_what_is_taken_out_of_the_dead_letters_has_all_its_attempts_again(service: Service) -> None:
    service.effect = fail
    one = message()
    for _ in range(2):
        calls = len(service.contexts)
        await consumer_of(service, max_attempts=3).consume(replaced(one))
        assert len(service.contexts) == calls + 3
        async with service.engine.begin() as connection:
            await connection.execute(text("DELETE FROM uow_events.dead_letters"))


async def test_a_failure_of_what_was_consumed_elsewhere_meanwhile_is_none(service: Service) -> None:
    inbox = service.mediator.inbox("notes", max_attempts=1)
    one = ReceivedMessage.of({"id": "1", "source": "s", "type": "t"}, topic="t", payload=b"")
    await service.mediator.consume(Placed("7"), consumer="notes", message_id="1", source="s")
    assert await inbox.failed(one, LookupError()) is None
    assert await service.rows("*", "dead_letters") == []


async def test_a_message_that_is_consumed_elsewhere_for_long_is_waited_for_and_not_counted(
    service: Service, engine: AsyncEngine
) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()
    waited: list[int] = []

    async def wait() -> None:
        inside.set()
        await go_on.wait()

    class Patient(Message):
        async def in_progress(self) -> None:
            waited.append(1)
            go_on.set()

    service.effect = wait
    limited = create_async_engine(engine.url, connect_args={"server_settings": {"lock_timeout": "1ms"}})
    other = Service(limited)
    one = message()
    two = Patient(one.raw_message, one.body, headers=one.headers)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(consumer_of(service).consume(one))
        await inside.wait()
        group.create_task(consumer_of(other).consume(two))
    await limited.dispose()
    assert waited
    assert two.committed is AckStatus.ACKED
    assert other.contexts == []
    assert await service.rows("attempts", "consumed_messages") == [(0,)]


async def test_it_waits_for_the_database(database_url: URL, caplog: pytest.LogCaptureFixture) -> None:
    engine = create_async_engine(database_url)
    tries = 0

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(_: Any, __: Any, args: Any, options: dict[str, Any]) -> None:
        nonlocal tries
        tries += 1
        if tries <= 4:
            raise ConnectionRefusedError("nobody listens")

    service = Service(engine)
    one = message()
    async with asyncio.timeout(20):
        await consumer_of(service).consume(one)
    assert one.committed is AckStatus.ACKED
    assert await service.notes() == ["7"]
    waits = [record for record in caplog.records if "waits" in record.getMessage()]
    assert [record.levelname for record in waits] == ["WARNING"]
    assert waits[0].getMessage() == "notes waits 0.0 s for the database: ConnectionRefusedError"
    await engine.dispose()


async def test_it_waits_for_the_tables(empty_database_url: URL, caplog: pytest.LogCaptureFixture) -> None:
    engine = create_async_engine(empty_database_url)
    one = message()
    consuming = asyncio.create_task(consumer_of(Service(engine)).consume(one))
    async with asyncio.timeout(20):
        while not any("waits" in record.getMessage() for record in caplog.records):
            await asyncio.sleep(0)
    consuming.cancel()
    await asyncio.wait([consuming])
    assert one.committed is None
    assert "waits 0.0 s for the database: SchemaNotMigratedError" in caplog.text
    await engine.dispose()


async def test_a_cancellation_leaves_the_message_unacknowledged(service: Service) -> None:
    inside = asyncio.Event()

    async def wait() -> None:
        inside.set()
        await asyncio.Event().wait()

    service.effect = wait
    one = message()
    consuming = asyncio.create_task(consumer_of(service).consume(one))
    await inside.wait()
    consuming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consuming
    assert one.committed is None
    assert await service.rows("*", "consumed_messages") == []


async def test_old_messages_are_forgotten(service: Service, engine: AsyncEngine) -> None:
    for order in ("7", "8"):
        await service.mediator.consume(Placed(order), consumer="notes", message_id=order)
    async with engine.begin() as connection:
        old = "UPDATE uow_events.consumed_messages SET received_at = now() - interval '8 days' WHERE message_id = '7'"
        await connection.execute(text(old))
    assert await purge_consumed_messages(engine, older_than=timedelta(days=7)) == 1
    assert await service.rows("message_id", "consumed_messages") == [("8",)]
    with pytest.raises(InvalidArgumentError):
        await purge_consumed_messages(engine, older_than=timedelta(0))


@pytest.mark.parametrize(
    ("broker", "options", "problem"),
    [
        (
            object(),
            {},
            "The argument broker must be a KafkaBroker, RabbitBroker, NatsBroker or RedisBroker",
        ),
        (NatsBroker(), {"stream": "s"}, "The argument durable must be given for a NatsBroker: without it, the broker"),
        (RedisBroker(), {"stream": StreamSub("s")}, "The argument stream must be a StreamSub with group and consumer"),
        (RabbitBroker(), {"ack_policy": "ack"}, "The argument options must be without ack_policy and batch"),
    ],
)
def test_a_subscriber_that_would_lose_messages_is_refused(
    broker: Any, options: dict[str, Any], problem: str, service: Service
) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        consumer_of(service).subscribe(broker, **options)
    assert str(refused.value).startswith(problem)


def test_a_consumer_has_a_name_and_options(service: Service) -> None:
    with pytest.raises(InvalidArgumentError, match='unknown must be "dead_letter" or "ignore", and is \'lose\''):
        consumer_of(service, unknown="lose")
    with pytest.raises(InvalidArgumentError, match="max_attempts must be an integer from 1, and is 0"):
        consumer_of(service, max_attempts=0)
    with pytest.raises(InvalidArgumentError, match="consumer must be a text of 1 to 255 characters"):
        Consumer(service.mediator, "", WireContract(Placed))
