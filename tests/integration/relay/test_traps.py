"""What relays were seen to do wrong on PostgreSQL, and what one round costs in statements."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.conftest import App
from tests.integration.messages import Told
from tests.integration.relay.rows import keys_beside, put
from tests.integration.relay.scripted_broker import ScriptedBroker
from tests.postgres.wire import Wire, tapped
from uow_events import Outbox, Relay, UnitOfWork
from uow_events.outbox import SHARDS
from uow_events.relay.statements import Statements

STATEMENTS = Statements.of("uow_events")
LIMIT = 30
LOCK = "pg_try_advisory_xact_lock"


@pytest.fixture
async def wired(database_url: URL) -> AsyncIterator[tuple[AsyncEngine, Wire]]:
    """An engine whose transactions would be REPEATABLE READ, whoever begins them."""
    async with tapped(database_url) as (url, wire):
        settings = {"default_transaction_isolation": "repeatable read"}
        engine = create_async_engine(url, isolation_level="REPEATABLE READ", connect_args={"server_settings": settings})
        yield engine, wire
        await engine.dispose()


async def test_a_row_that_is_gone_when_the_shard_is_locked_is_not_published(
    engine: AsyncEngine, wired: tuple[AsyncEngine, Wire]
) -> None:
    """As where another relay settles it after the lock's statement took its snapshot, and before it took the lock."""
    relayed, wire = wired
    await put(engine, "a:1")

    async def settle_elsewhere() -> None:
        if LOCK in wire.statements[-1]:
            async with engine.begin() as connection:
                await connection.execute(text("DELETE FROM uow_events.outbox"))

    wire.before = settle_elsewhere
    await Relay(relayed, broker := ScriptedBroker(), concurrency=1).drain()
    assert STATEMENTS.claim in wire.statements
    assert broker.delivered == []


async def test_the_locks_of_an_application_stop_no_shard(engine: AsyncEngine) -> None:
    await put(engine, *(f"{n}:1" for n in range(300)))
    broker = ScriptedBroker()
    async with engine.connect() as application:
        await application.execute(text(f"SELECT pg_advisory_lock(n) FROM generate_series(0, {SHARDS}) n"))
        async with asyncio.timeout(LIMIT):
            await Relay(engine, broker).drain()
        await application.execute(text("SELECT pg_advisory_unlock_all()"))
    assert len(broker.delivered) == 300


@pytest.mark.parametrize("is_serving", [True, False])
async def test_nothing_is_notified_before_the_commit(database_url: URL, is_serving: bool) -> None:
    async def tell(unit: UnitOfWork) -> None:
        unit.record(Told("a"))

    async with tapped(database_url) as (url, wire):
        engine = create_async_engine(url)
        app = App(engine)
        app.options["notifications"] = Outbox()
        if is_serving:
            async with app.mediator:
                await app.run(tell)
        else:
            await app.run(tell)
        await engine.dispose()
    written = next(n for n, statement in enumerate(wire.statements) if "outbox" in statement)
    committed = wire.words.index("COMMIT")
    notified = [n for n, statement in enumerate(wire.statements) if "notify" in statement.lower()]
    assert written < committed
    assert len(notified) == is_serving
    assert all(n > committed for n in notified)


async def test_a_round_costs_as_many_statements_for_one_row_as_for_a_batch(
    engine: AsyncEngine, wired: tuple[AsyncEngine, Wire]
) -> None:
    relayed, wire = wired
    beside = keys_beside("a")
    counts = []
    for rows in (1, 500):
        await put(engine, *(f"{next(beside)}:1" for _ in range(rows)))
        wire.clear()
        await Relay(relayed, broker := ScriptedBroker(), concurrency=1, batch_size=501).drain()
        assert len(broker.delivered) == rows
        counts.append(Counter(filter(None, map(step_of_a_round, wire.statements))))
    for count in counts:
        rounds = count["lock"]
        assert rounds in (1, 2)  # a look while the first one ran has found the same rows, and there is another one
        assert count == {"lock": rounds, "claim": rounds, "let go of the snapshot": rounds, "delete": 1}


def step_of_a_round(statement: str) -> str | None:
    steps = {STATEMENTS.claim: "claim", "SELECT 1": "let go of the snapshot", STATEMENTS.delete: "delete"}
    return "lock" if LOCK in statement else steps.get(statement)
