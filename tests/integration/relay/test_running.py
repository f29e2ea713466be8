"""How a relay is started, woken, stopped, and survives the loss of its connections."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.conftest import App
from tests.integration.messages import Told
from tests.integration.relay.rows import left, put
from tests.integration.relay.scripted_broker import Outcome, ScriptedBroker
from tests.postgres.admin import Admin, assert_pool_clean
from uow_events import BrokerMessage, InvalidArgumentError, Outbox, Relay, RelayRunningError, UnitOfWork
from uow_events.relay import delivery

LIMIT = 30


class Telling(ScriptedBroker):
    """Tells when it is given messages, and waits where it is told to before it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.got = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[Outcome]:
        self.got.set()
        await self.may_answer.wait()
        return await super().publish(messages)


@pytest.fixture
def broker() -> Telling:
    return Telling()


@pytest.fixture
def only_woken(monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """A poll interval for which no test waits: what is delivered then, a wake-up has brought."""
    monkeypatch.setattr(delivery, "SHORTEST_PAUSE", 86_400)
    return timedelta(days=1)


async def listens(app: App) -> None:
    """Wait until a relay listens on this database."""
    admin, database = Admin(app.engine.url.set(database="postgres")), app.engine.url.database
    assert database
    async with asyncio.timeout(LIMIT):
        while not any(backend.query.startswith("LISTEN") for backend in await admin.backends(database)):
            await asyncio.sleep(0)


async def tell(unit: UnitOfWork) -> None:
    unit.record(Told("a"))


async def test_a_commit_wakes_the_relay_of_its_process(app: App, broker: Telling, only_woken: timedelta) -> None:
    outbox = Outbox()
    app.options["notifications"] = outbox
    async with Relay(app.engine, broker, outbox=outbox, poll_interval=only_woken):
        await listens(app)
        await app.run(tell)
        await asyncio.wait_for(broker.got.wait(), LIMIT)
    assert len(broker.delivered) == 1


async def test_a_commit_wakes_the_relay_of_another_process(app: App, broker: Telling, only_woken: timedelta) -> None:
    async with app.mediator, Relay(app.engine, broker, poll_interval=only_woken):
        await listens(app)
        await app.run(tell)
        await asyncio.wait_for(broker.got.wait(), LIMIT)
    assert len(broker.delivered) == 1


async def test_without_a_wake_up_the_relay_finds_it_by_itself(app: App, broker: Telling) -> None:
    async with Relay(app.engine, broker, poll_interval=timedelta(milliseconds=100)):
        await listens(app)
        await app.run(tell)
        await asyncio.wait_for(broker.got.wait(), LIMIT)


async def test_the_last_commit_is_told_when_the_mediator_ends(app: App, broker: Telling, only_woken: timedelta) -> None:
    async with Relay(app.engine, broker, poll_interval=only_woken):
        await listens(app)
        async with app.mediator:
            await app.run(tell)
        await asyncio.wait_for(broker.got.wait(), LIMIT)


async def test_stop_finishes_and_settles_what_is_being_published(engine: AsyncEngine, broker: Telling) -> None:
    await put(engine, "a:1", "a:2")
    broker.may_answer.clear()
    relay = Relay(engine, broker)
    running = asyncio.create_task(relay.run())
    await asyncio.wait_for(broker.got.wait(), LIMIT)
    relay.stop()
    broker.may_answer.set()
    await asyncio.wait_for(running, LIMIT)
    assert broker.delivered == ["a:1"]
    assert await left(engine) == ["a:2"]
    await assert_pool_clean(engine)


async def test_a_call_that_outlasts_the_end_is_cancelled(engine: AsyncEngine, broker: Telling) -> None:
    await put(engine, "a:1")
    broker.may_answer.clear()
    async with Relay(engine, broker, stop_timeout=timedelta(milliseconds=50)):
        await asyncio.wait_for(broker.got.wait(), LIMIT)
    assert await left(engine) == ["a:1"]
    await assert_pool_clean(engine)


async def test_a_cancellation_settles_what_was_confirmed(engine: AsyncEngine) -> None:
    class SecondHangs(ScriptedBroker):
        def __init__(self) -> None:
            super().__init__()
            self.hangs = asyncio.Event()

        async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[Outcome]:
            if self.delivered:
                self.hangs.set()
                await asyncio.Event().wait()
            return await super().publish(messages)

    await put(engine, "a:1", "a:2")
    broker = SecondHangs()
    running = asyncio.create_task(Relay(engine, broker).run())
    await asyncio.wait_for(broker.hangs.wait(), LIMIT)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await left(engine) == ["a:2"]
    await assert_pool_clean(engine)


async def test_a_relay_runs_once_at_a_time_and_again_after_its_end(engine: AsyncEngine, broker: Telling) -> None:
    relay = Relay(engine, broker)
    async with relay:
        with pytest.raises(RelayRunningError):
            await relay.drain()
        with pytest.raises(RelayRunningError):
            await relay.__aenter__()
    await put(engine, "a:1")
    await relay.drain()
    assert broker.delivered == ["a:1"]


async def test_a_relay_goes_on_after_its_backends_were_killed(app: App, broker: Telling, admin: Admin) -> None:
    assert (database := app.engine.url.database)
    broker.may_answer.clear()
    async with Relay(app.engine, broker) as relay:
        await listens(app)
        await put(app.engine, "a:1")
        await asyncio.wait_for(broker.got.wait(), LIMIT)
        for backend in await admin.backends(database):
            await admin.kill(backend.pid)
        broker.may_answer.set()
        async with asyncio.timeout(LIMIT):
            while await left(app.engine):
                await asyncio.sleep(0)
        assert relay.status.is_database_available
    assert broker.delivered == ["a:1", "a:1"]


async def test_the_time_of_publishing_holds_no_snapshot(engine: AsyncEngine, broker: Telling) -> None:
    await put(engine, "a:1")
    broker.may_answer.clear()
    async with Relay(engine, broker):
        await asyncio.wait_for(broker.got.wait(), LIMIT)
        async with engine.connect() as connection:
            publishing = "datname = current_database() AND state = 'idle in transaction' AND query = 'SELECT 1'"
            found = await connection.execute(text(f"SELECT backend_xmin FROM pg_stat_activity WHERE {publishing}"))
            xmins = found.scalars().all()
        broker.may_answer.set()
    assert xmins == [None]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("engine", "postgresql://", "an AsyncEngine on asyncpg, and is 'postgresql://'"),
        ("broker", None, "a Broker, with publish() and ping(), and is None"),
        ("topics", "meetings", "a sequence of topics, or None for all, and is 'meetings'"),
        ("topics", [], "None for all topics, or at least one, and is empty"),
        ("outbox", 5, "an Outbox, and is 5"),
        ("max_attempts", 0, "an integer from 1, and is 0"),
        ("batch_size", True, "an integer from 1, and is True"),
        ("publish_timeout", timedelta(0), "a timedelta above 0, and is datetime.timedelta(0)"),
        ("poll_interval", 1, "a timedelta above 0, and is 1"),
    ],
)
async def test_arguments_that_cannot_be(
    engine: AsyncEngine, broker: Telling, name: str, value: object, expected: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Relay(**{"engine": engine, "broker": broker} | {name: value})  # type: ignore[arg-type]
    assert str(caught.value) == f"The argument {name} must be {expected}"
