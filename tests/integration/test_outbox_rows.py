"""G6: a notification leaves if and only if its transaction committed (traps 11 and 26)."""

import json
from dataclasses import dataclass
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from tests.integration.conftest import App
from tests.integration.messages import Do, Happened, Told
from tests.models import Note
from uow_events import (
    DirectPublishing,
    InMemoryBroker,
    Mediator,
    NotificationError,
    NotificationEvent,
    Outbox,
    OutboxTooLargeError,
    PublishingError,
    Recorder,
    Registry,
    SchemaNotMigratedError,
    UnitOfWork,
    notification,
)
from uow_events.cli import migrator


@notification(topic="tests.struct", key="number")
class StructTold(NotificationEvent, msgspec.Struct, frozen=True):
    number: int
    data: bytes = b""


@dataclass(frozen=True)
class Both(NotificationEvent, Happened, topic="tests.both"):
    pass


@dataclass(frozen=True)
class Wrong(NotificationEvent, topic="tests.wrong", key="about"):
    about: object = None
    content: object = None


async def rows(engine: AsyncEngine) -> list[dict[str, object]]:
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT * FROM uow_events.outbox ORDER BY id"))
        return [dict(row) for row in found.mappings()]


async def test_a_row_holds_what_a_relay_needs(app: App) -> None:
    contexts: list[UUID] = []

    @app.registry.event_handler
    async def tells(event: Happened, recorder: Recorder) -> None:
        recorder.record(Told("by event"))

    async def body(unit: UnitOfWork) -> object:
        contexts.append(unit.context.message_id)
        unit.record(StructTold(7, b"x"), Happened())
        return None

    app.bodies[Do] = body
    await app.mediator.send(Do(), headers={"traceparent": "00-trace", "other": "goes", "Cookie": "stays"})
    struct, told = await rows(app.engine)
    assert (struct["topic"], struct["key"], struct["type"]) == ("tests.struct", "7", "StructTold")
    assert json.loads(bytes(struct["payload"])) == {"number": 7, "data": "eA=="}  # type: ignore[arg-type]
    assert (struct["attempts"], struct["last_error"], struct["held"]) == (0, None, None)
    assert struct["headers"] == {
        "specversion": "1.0",
        "id": str(struct["event_id"]),
        "source": "uow_events",
        "type": "StructTold",
        "typeversion": "1",
        "time": struct["occurred_at"].isoformat().replace("Z", "+00:00"),  # type: ignore[attr-defined]
        "datacontenttype": "application/json",
        "correlationid": str(contexts[0]),
        "causationid": str(contexts[0]),
        "traceparent": "00-trace",
        "other": "goes",
    }
    assert told["headers"]["causationid"] not in (str(contexts[0]), str(told["event_id"]))  # type: ignore[index]
    assert told["shard"] == await scalar(app.engine, "SELECT get_byte(sha256(convert_to('by event', 'UTF8')), 0) % 64")


async def scalar(engine: AsyncEngine, sql: str) -> object:
    async with engine.connect() as connection:
        return await connection.scalar(text(sql))


async def test_an_event_of_both_kinds_is_handled_then_published(app: App) -> None:
    heard: list[str] = []

    @app.registry.event_handler
    async def hears(event: Happened, recorder: Recorder) -> None:
        heard.append(event.name)

    async def body(unit: UnitOfWork) -> object:
        unit.record(Both("both"))
        return None

    await app.run(body)
    assert heard == ["both"]
    assert [row["topic"] for row in await rows(app.engine)] == ["tests.both"]


async def test_a_thousand_notifications_keep_their_order(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.record(*[Told(str(number)) for number in range(1000)])
        return None

    await app.run(body)
    assert await app.outbox() == [str(number) for number in range(1000)]


WRONG = {
    "NUL in the key": (
        Wrong(about="a\0b"),
        "about",
        "it holds NUL or a lone surrogate, which cannot be stored as text",
    ),
    "surrogate": (Wrong(about="\ud800"), "about", "it holds NUL or a lone surrogate, which cannot be stored as text"),
    "long key": (Wrong(about="k" * 256), "about", "it must have 1 to 255 characters, and has 256"),
    "no key": (Wrong(), "about", "its key must be a str, int or UUID, and is a NoneType"),
    "content": (
        Wrong(about="a", content=object()),
        "content",
        "its value cannot be encoded as JSON (TypeError)",
    ),
    "surrogate content": (
        Wrong(about="a", content="\ud800"),
        "content",
        "its value cannot be encoded as JSON (UnicodeEncodeError)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_notification_that_cannot_be_stored_names_event_and_field(app: App, case: str) -> None:
    event, field, problem = WRONG[case]

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="x"))
        unit.record(event)
        return None

    with pytest.raises(NotificationError) as raised:
        await app.run(body)
    expected = f"The notification event Wrong (field '{field}') cannot be published: {problem}"
    if "encoded" not in problem or case == "surrogate content":
        assert str(raised.value) == expected
    assert raised.value.field == field
    await app.assert_nothing_stored()


async def test_a_notification_over_the_limit_is_refused(app: App) -> None:
    app.options["notifications"] = Outbox(max_message_size=100)

    async def body(unit: UnitOfWork) -> object:
        unit.record(Told("x" * 101))
        return None

    with pytest.raises(NotificationError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        "The notification event Told cannot be published: it takes 113 bytes, and max_message_size is 100: "
        "send a reference instead"
    )
    await app.assert_nothing_stored()


async def test_more_than_one_statement_carries_is_refused_naming_the_types(app: App) -> None:
    app.options["notifications"] = Outbox(max_message_size=2**27)

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="x"))
        unit.record(StructTold(1, b"x" * 30 * 2**20), StructTold(2, b"x" * 30 * 2**20), Told("small"))
        return None

    with pytest.raises(OutboxTooLargeError) as raised:
        await app.run(body)
    assert raised.value.limit == 64 * 2**20
    assert raised.value.types == ("StructTold", "Told")
    await app.assert_nothing_stored()


async def test_a_database_that_was_not_migrated_names_the_command(empty_database_url: object) -> None:
    engine = create_async_engine(empty_database_url)  # type: ignore[arg-type]
    with pytest.raises(SchemaNotMigratedError) as raised:
        async with Mediator(engine, Registry(), notifications=Outbox()).unit_of_work() as unit:
            unit.record(Told("x"))
    assert str(raised.value) == (
        "The table uow_events.outbox is not in this database, or not as this version needs it: its schema has not been "
        "migrated. Run `uow-events db upgrade`, or call uow_events.migrations.upgrade(op) in a revision of your own."
    )
    await engine.dispose()


async def test_other_errors_of_the_write_pass_as_they_are(app: App) -> None:
    async with app.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE uow_events.outbox ADD CONSTRAINT no CHECK (key <> 'refused')"))

    async def body(unit: UnitOfWork) -> object:
        unit.record(Told("refused"))
        return None

    with pytest.raises(Exception, match="violates check constraint"):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_tenants_share_one_outbox(app: App) -> None:
    """Trap 26: schema_translate_map and search_path do not move the rows."""
    async with app.engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA tenant"))
        await connection.execute(text("CREATE TABLE tenant.note (LIKE public.note INCLUDING ALL)"))
    engine = app.engine.execution_options(schema_translate_map={None: "tenant", "uow_events": "tenant"})
    registry = Registry()

    @registry.command_handler
    async def handle(command: Do, session: AsyncSession, recorder: Recorder) -> object:
        await session.execute(text("SET LOCAL search_path TO tenant"))
        session.add(Note(text="tenant's"))
        recorder.record(Told("shared"))
        return None

    await Mediator(engine, registry, notifications=Outbox()).send(Do())
    assert await app.outbox() == ["shared"]
    assert await app.notes() == []
    assert await scalar(app.engine, "SELECT text FROM tenant.note") == "tenant's"


async def test_another_schema_can_be_chosen(app: App) -> None:
    async with app.engine.begin() as connection:
        await migrator.upgrade(connection, "Odd schema")
    app.options["notifications"] = Outbox(schema="Odd schema", source="/meetings")

    async def body(unit: UnitOfWork) -> object:
        unit.record(Told("there"))
        return None

    await app.run(body)
    assert await app.outbox() == []
    assert await scalar(app.engine, """SELECT headers ->> 'source' FROM "Odd schema".outbox""") == "/meetings"


async def test_direct_publishing_publishes_in_the_pipeline(app: App) -> None:
    broker = InMemoryBroker()
    app.options["notifications"] = DirectPublishing(broker)

    async def body(unit: UnitOfWork) -> object:
        unit.record(Told("a"), Told("b"))
        unit.before_commit(lambda: unit.session.add(Note(text=str(len(broker.messages)))))
        return None

    await app.run(body)
    assert [message.key for message in broker.of_topic("tests.told")] == ["a", "b"]
    assert await app.notes() == ["2"]
    assert await app.outbox() == []


async def test_a_broker_that_refuses_rolls_back(app: App) -> None:
    class Refusing(InMemoryBroker):
        async def publish(self, messages: object) -> list[BaseException | None]:  # type: ignore[override]
            return [ConnectionError("down")]

    app.options["notifications"] = DirectPublishing(Refusing())

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="x"))
        unit.record(Told("a"))
        return None

    with pytest.raises(PublishingError) as raised:
        await app.run(body)
    assert str(raised.value) == "The broker did not accept Told for the topic 'tests.told'"
    assert isinstance(raised.value.__cause__, ConnectionError)
    await app.assert_nothing_stored()


async def test_a_sessionmaker_may_be_given(app: App) -> None:
    mediator = Mediator(async_sessionmaker(app.engine), app.registry, notifications=Outbox())

    async def body(unit: UnitOfWork) -> object:
        unit.record(Told("x"))
        return None

    app.bodies[Do] = body
    await mediator.send(Do())
    assert await app.outbox() == ["x"]
