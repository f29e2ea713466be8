"""A UnitOfWork by itself, around plain repository code; and the core on SQLite, on which people unit-test."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from tests.integration.messages import Do, Happened, Told
from tests.models import Base, Meeting, Note
from tests.postgres.admin import assert_pool_clean
from uow_events import (
    EventEmitter,
    EventProcessor,
    Mediator,
    MessageContext,
    Outbox,
    Recorder,
    Registry,
    SchemaNotMigratedError,
    TransactionControlError,
    UnitOfWork,
    UnitOfWorkClosedError,
    tables,
)


class Meetings:
    """Plain repository code."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def open(self, seats: int) -> Meeting:
        meeting = Meeting(id=uuid4(), seats=seats)
        self.session.add(meeting)
        return meeting


async def test_a_unit_of_work_wraps_plain_repository_code(engine: AsyncEngine) -> None:
    ran: list[str] = []
    async with UnitOfWork(engine) as unit:
        unit.after_commit(lambda: ran.append("commit"))
        meeting = await unit.resolve(Meetings).open(3)
        assert unit.resolve(UnitOfWork) is unit
        assert unit.resolve(AsyncSession) is unit.session
        assert isinstance(unit.resolve(MessageContext), MessageContext)
        assert ran == []
    assert ran == ["commit"]
    async with async_sessionmaker(engine)() as session:
        assert await session.scalar(select(Meeting.seats)) == 3
    assert meeting.seats == 3
    await assert_pool_clean(engine)


async def test_an_exception_leaves_as_it_is_and_rolls_back(engine: AsyncEngine) -> None:
    error = KeyError("mine")
    with pytest.raises(KeyError) as raised:
        async with UnitOfWork(engine, name="import of meetings") as unit:
            await Meetings(unit.session).open(3)
            raise error
    assert raised.value is error
    assert error.__notes__ == ["uow_events: import of meetings failed; everything was rolled back"]
    async with async_sessionmaker(engine)() as session:
        assert await session.scalar(select(Meeting.seats)) is None


ENTERED_TWICE = (
    "`async with` on it a second time was used, but its unit of work {}: its block runs once; open a new one"
)
REFUSED = (
    "{} was used, but its unit of work {}: await everything that uses it before the handler returns, or open a unit of "
    "work of its own"
)


async def test_a_unit_of_work_is_entered_once(engine: AsyncEngine) -> None:
    unit = UnitOfWork(engine)
    with pytest.raises(UnitOfWorkClosedError, match="has not begun"):
        await unit.session.scalar(select(1))
    with pytest.raises(UnitOfWorkClosedError, match="has not begun"):
        unit.record(Happened())
    async with unit:
        with pytest.raises(UnitOfWorkClosedError) as raised:
            await unit.__aenter__()
        assert str(raised.value) == ENTERED_TWICE.format("is open")
    with pytest.raises(UnitOfWorkClosedError) as raised:
        async with unit:
            pass
    assert str(raised.value) == ENTERED_TWICE.format("has ended")
    with pytest.raises(UnitOfWorkClosedError) as raised:
        unit.record(Happened())
    assert str(raised.value) == REFUSED.format("record()", "has ended")


async def test_records_made_from_another_context_still_belong_to_the_unit(engine: AsyncEngine) -> None:
    """Such as a fixture that opened the unit, or a callback of a library's own thread."""
    import contextvars

    heard: list[str] = []
    registry = Registry()

    @registry.event_handler
    def hears(event: Happened) -> None:
        heard.append(event.name)

    def pipeline(unit: UnitOfWork) -> EventProcessor:
        return EventProcessor(EventEmitter(registry.event_map, unit, sink=unit.sink))

    async with UnitOfWork(engine, pipeline=pipeline) as unit:
        contextvars.Context().run(unit.record, Happened("from elsewhere"))
        unit.resolve(Recorder).record(Happened("injected"))
    assert heard == ["from elsewhere", "injected"]


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.tables["note"].create)
        await connection.run_sync(tables(schema=None).metadata.create_all)
    yield engine
    await engine.dispose()


async def test_the_core_works_on_sqlite(sqlite: AsyncEngine) -> None:
    """Savepoint guarantees excluded: pysqlite begins no transaction for a SAVEPOINT."""
    registry = Registry()

    @registry.command_handler
    async def handle(command: Do, session: AsyncSession, recorder: Recorder) -> object:
        session.add(Note(text=command.what))
        recorder.record(Happened(command.what), Told(command.what))
        if command.what == "commits":
            await session.commit()
        return command.what

    @registry.event_handler
    async def hears(event: Happened, session: AsyncSession) -> None:
        session.add(Note(text=f"heard {event.name}"))
        if event.name == "fails":
            raise KeyError

    mediator = Mediator(sqlite, registry, notifications=Outbox(schema=None))
    assert await mediator.send(Do("works")) == "works"
    with pytest.raises(KeyError):
        await mediator.send(Do("fails"))
    with pytest.raises(TransactionControlError):
        await mediator.send(Do("commits"))
    async with sqlite.connect() as connection:
        assert list(await connection.scalars(select(Note.text).order_by(Note.id))) == ["works", "heard works"]
        row = (await connection.execute(select(tables(schema=None).outbox))).mappings().one()
    assert (row["topic"], row["key"], row["payload"]) == ("tests.told", "works", b'{"about":"works"}')
    assert row["headers"]["type"] == "Told"


async def test_sqlite_without_the_tables_names_the_command(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    with pytest.raises(SchemaNotMigratedError, match="The table outbox is not in this database"):
        async with Mediator(engine, Registry(), notifications=Outbox(schema=None)).unit_of_work() as unit:
            unit.record(Told("x"))
    await engine.dispose()
