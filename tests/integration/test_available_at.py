"""A notification that is given a time waits for it in the outbox, by the database's clock."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.conftest import App
from tests.integration.messages import Happened, Told
from tests.integration.relay.rows import make_due, rows
from tests.integration.relay.scripted_broker import ScriptedBroker, Unreliable
from tests.models import Meeting
from uow_events import (
    AvailableAt,
    Backoff,
    Command,
    CommandHandler,
    DirectPublishing,
    DomainEvent,
    InMemoryBroker,
    InvalidArgumentError,
    Mediator,
    NotificationEvent,
    Outbox,
    Recorder,
    Registry,
    Relay,
    UnitOfWork,
    UnschedulableEventError,
)
from uow_events.outbox import tables

HOUR = timedelta(hours=1)
FAR = datetime(2999, 1, 1, tzinfo=timezone(timedelta(hours=5)))


@dataclass(frozen=True, slots=True)
class Both(NotificationEvent, DomainEvent, topic="tests.both"):
    """Handled, then published."""


@dataclass(frozen=True, slots=True)
class Said(NotificationEvent, topic="tests.said", key="about"):
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Remind(Command[None]):
    """A command of which a handler object records."""


class RemindHandler(CommandHandler[Remind, None]):
    async def handle(self, command: Remind) -> None:
        self.record(Told("handler"), available_at=FAR)


async def waiting(engine: AsyncEngine) -> list[tuple[str, str | None, bool]]:
    """The key of each row, what it waits for, and whether that lies in an hour, less what the test has taken."""
    soon = "available_at - clock_timestamp() BETWEEN interval '50 minutes' AND interval '1 hour'"
    return [(key, held, is_in_an_hour) for _, key, held, is_in_an_hour in await rows(engine, f"id, key, held, {soon}")]


async def test_a_wait_counts_by_the_clock_of_the_database_and_the_rest_goes_at_once(app: App) -> None:
    async def body(unit: UnitOfWork) -> None:
        unit.record(Told("later"), Told("later, too"), available_at=HOUR)
        unit.record(Told("now"))

    await app.run(body)
    assert await waiting(app.engine) == [("later", "time", True), ("later, too", "time", True), ("now", None, False)]


async def test_a_message_is_not_delivered_before_its_time_and_then_is(app: App) -> None:
    async def body(unit: UnitOfWork) -> None:
        unit.record(Told("a"), available_at=HOUR)
        unit.record(Told("b"))

    await app.run(body)
    broker = InMemoryBroker()
    relay = Relay(app.engine, broker)
    await relay.drain()
    assert [message.key for message in broker.messages] == ["b"]
    await make_due(app.engine)
    await relay.drain()
    assert [message.key for message in broker.messages] == ["b", "a"]


async def test_a_message_of_a_key_takes_its_place_when_it_is_due(app: App) -> None:
    async def tell(text: str, available_at: AvailableAt | None = None) -> None:
        async with app.mediator.unit_of_work() as unit:
            unit.record(Said("a", text), available_at=available_at)

    broker = ScriptedBroker(lambda payload, attempt: Unreliable() if "second" in payload and attempt == 1 else None)
    relay = Relay(app.engine, broker, backoff=Backoff(HOUR, HOUR))
    await tell("before", HOUR)
    await tell("first")
    await relay.drain()
    await make_due(app.engine)
    await tell("third")
    await relay.drain()
    assert [json.loads(payload)["text"] for payload in broker.delivered] == ["first", "before", "third"]
    await tell("while the key is blocked", HOUR)
    await tell("second")
    await relay.drain(retries=False)
    async with app.engine.begin() as connection:
        await connection.execute(
            text("UPDATE uow_events.outbox SET available_at = clock_timestamp() WHERE held = 'time'")
        )
    await relay.drain(retries=False)
    await make_due(app.engine)
    await relay.drain()
    assert [json.loads(payload)["text"] for payload in broker.delivered[3:]] == ["while the key is blocked", "second"]


async def test_every_recorder_takes_a_time(app: App) -> None:
    app.registry.command_handler(RemindHandler)

    @app.registry.event_handler
    async def reminds(event: Happened, recorder: Recorder) -> None:
        recorder.record(Told("recorder"), available_at=FAR)

    async def body(unit: UnitOfWork) -> None:
        meeting = Meeting(seats=1)
        meeting.record(Told("aggregate before"), available_at=FAR)
        unit.session.add(meeting)
        meeting.record(Told("aggregate"), available_at=FAR)
        unit.record(Happened())
        unit.record(lambda: Told("callable"), available_at=FAR)

    await app.run(body)
    await app.mediator.send(Remind())
    found = await rows(app.engine, "key, held, available_at")
    keys = ["aggregate", "aggregate before", "callable", "handler", "recorder"]
    assert found == [(key, "time", FAR) for key in keys]


async def test_an_event_of_both_kinds_is_handled_at_once_and_published_later(app: App) -> None:
    heard: list[Both] = []

    @app.registry.event_handler
    async def hears(event: Both) -> None:
        heard.append(event)

    async def body(unit: UnitOfWork) -> None:
        unit.record(Both(), available_at=HOUR)

    await app.run(body)
    assert heard == [Both()]
    assert await rows(app.engine, "topic, held") == [("tests.both", "time")]


@pytest.mark.parametrize("what", [Happened(), lambda: Happened()])
async def test_an_event_that_does_not_leave_is_refused(app: App, what: Happened | Callable[[], Happened]) -> None:
    async def body(unit: UnitOfWork) -> None:
        unit.record(what, available_at=HOUR)

    with pytest.raises(UnschedulableEventError) as caught:
        await app.run(body)
    assert str(caught.value) == (
        "The event Happened cannot wait until available_at: it is no NotificationEvent, and is handled inside the "
        "transaction. Record it without available_at, or make it a NotificationEvent"
    )
    await app.assert_nothing_stored()


async def test_direct_publishing_refuses_what_is_to_wait(app: App) -> None:
    app.options["notifications"] = DirectPublishing(broker := InMemoryBroker())

    async def body(unit: UnitOfWork) -> None:
        unit.record(Told("a"), available_at=HOUR)

    with pytest.raises(UnschedulableEventError) as caught:
        await app.run(body)
    assert str(caught.value) == (
        "The event Told cannot wait until available_at: DirectPublishing publishes before the commit. Use Outbox, or "
        "record it without available_at"
    )
    assert broker.messages == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (timedelta(0), "more than 0 and at most 36500 days, and is 0:00:00"),
        (-HOUR, "more than 0 and at most 36500 days, and is -1 day, 23:00:00"),
        (timedelta(days=36_501), "more than 0 and at most 36500 days, and is 36501 days, 0:00:00"),
        (
            datetime(2999, 1, 1),
            "a datetime with a time zone, or a timedelta, and is datetime.datetime(2999, 1, 1, 0, 0)",
        ),
        (60, "a datetime with a time zone, or a timedelta, and is 60"),
    ],
)
async def test_a_time_that_is_none_is_refused(given: AvailableAt, expected: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        RemindHandler().record(Told("a"), available_at=given)
    assert str(caught.value) == f"The argument available_at must be {expected}"


async def test_on_sqlite_the_time_is_kept_too() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    own = tables(schema=None)
    async with engine.begin() as connection:
        await connection.run_sync(own.metadata.create_all)
    async with Mediator(engine, Registry(), notifications=Outbox(schema=None)).unit_of_work() as unit:
        unit.record(Told("wait"), available_at=HOUR)
        unit.record(Told("time"), available_at=FAR.astimezone(UTC))
        unit.record(Told("now"))
    async with engine.connect() as connection:
        found = (await connection.execute(select(own.outbox).order_by(own.outbox.c.id))).mappings().all()
        now = await connection.scalar(text("SELECT strftime('%Y-%m-%d %H:%M', 'now')"))
    assert [row["held"] for row in found] == ["time", "time", None]
    assert found[1]["available_at"].replace(tzinfo=UTC) == FAR
    assert str(found[2]["available_at"]) >= str(now)
    assert found[0]["available_at"] - found[2]["available_at"] > HOUR - timedelta(minutes=10)
    await engine.dispose()
