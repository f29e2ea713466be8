"""What a claim, and a look for shards with something due, read of a large table."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.integration.relay.plans import BATCH, HOT, Plan, claim, due_shards, seed, settled
from uow_events import InMemoryBroker, Relay

ROWS = 100_000
LIMIT = 60
BLOCK = """
INSERT INTO uow_events.blocked_keys (shard, key, until)
SELECT 7, 'k' || n, now() + '{until}' FROM generate_series(0, 999) n
"""


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        yield connection


def assert_bounded(plan: Plan, *, rows: int, buffers: int) -> None:
    kinds = {kind for kind, _ in plan.scans_of_outbox}
    assert kinds <= {"Index Scan", "Index Only Scan"}, plan.scans_of_outbox
    assert plan.rows_read <= rows, plan.root
    assert plan.buffers <= buffers, plan.root


async def assert_flat(connection: AsyncConnection, claimed: int, look: int = 64 * 8) -> None:
    """Look at both statements with every kind of plan, without statistics and with statistics of this very state."""
    for _ in range(2):
        for mode in ("force_custom_plan", "force_generic_plan"):
            await connection.exec_driver_sql(f"SET plan_cache_mode = {mode}")
            plan = await claim(connection)
            assert plan.root["Actual Rows"] == claimed
            assert_bounded(plan, rows=3 * BATCH, buffers=50 + 8 * claimed)
            assert_bounded(await due_shards(connection), rows=64, buffers=look)
        await connection.exec_driver_sql("ANALYZE")


async def test_of_what_is_ready_a_batch_is_read(connection: AsyncConnection) -> None:
    await seed(connection, ROWS)
    await assert_flat(connection, claimed=BATCH, look=64 * 14)


async def test_nothing_is_read_of_what_is_held_behind_blocked_keys(connection: AsyncConnection) -> None:
    await seed(connection, ROWS, held="'key'")
    await connection.exec_driver_sql(BLOCK.format(until="1 hour"))
    await assert_flat(connection, claimed=0)


async def test_of_what_is_held_behind_keys_that_are_due_a_batch_is_read(connection: AsyncConnection) -> None:
    await seed(connection, ROWS, held="'key'")
    await connection.exec_driver_sql(BLOCK.format(until="-1 hour"))
    await assert_flat(connection, claimed=BATCH)


@pytest.mark.parametrize(("until", "claimed"), [("1 hour", 10), ("-1 hour", BATCH)])
async def test_of_a_hundred_thousand_blocked_keys_a_batch_is_read(
    connection: AsyncConnection, until: str, claimed: int
) -> None:
    await seed(connection, ROWS, held="'key'", keys=ROWS)
    await seed(connection, 10, keys=10)
    await connection.exec_driver_sql(BLOCK.format(until=until).replace("999", str(ROWS - 1)))
    await assert_flat(connection, claimed=claimed)


async def test_nothing_is_read_of_what_is_held_by_time(connection: AsyncConnection) -> None:
    await seed(connection, ROWS, held="'time'")
    await assert_flat(connection, claimed=0)


async def test_of_what_was_held_by_time_and_is_due_a_batch_is_read(connection: AsyncConnection) -> None:
    await seed(connection, ROWS, held="'time'")
    await connection.exec_driver_sql("UPDATE uow_events.outbox SET available_at = available_at - interval '1 day'")
    await assert_flat(connection, claimed=BATCH)


async def test_nothing_is_read_of_what_is_held_by_a_paused_topic(connection: AsyncConnection) -> None:
    await connection.exec_driver_sql("INSERT INTO uow_events.paused_topics VALUES ('meetings')")
    await seed(connection, ROWS, held="'topic'")
    await assert_flat(connection, claimed=0)


async def test_what_went_through_is_not_read_again_while_a_snapshot_keeps_it(
    engine: AsyncEngine, connection: AsyncConnection
) -> None:
    """No VACUUM can take the entries of deleted rows then: only what a relay remembers keeps a claim from them."""
    await seed(connection, ROWS // 5)
    relay = Relay(engine, InMemoryBroker())
    async with engine.connect() as report:
        await report.execution_options(isolation_level="REPEATABLE READ")
        await report.exec_driver_sql("SELECT 1")
        await relay.drain()
        async with asyncio.timeout(LIMIT):  # other tests' transactions may keep the floor down for a while
            while relay._delivery.shards.start(HOT) <= ROWS // 5:
                await seed(connection, 1)
                await relay.drain()
        await seed(connection, 10)
        forgetful = await claim(connection)
        remembering = await claim(connection, lowest=relay._delivery.shards.start(HOT))
    assert remembering.root["Actual Rows"] == forgetful.root["Actual Rows"] == 10
    assert remembering.buffers < BATCH < forgetful.buffers


async def test_settling_a_batch_reads_that_batch(connection: AsyncConnection) -> None:
    await seed(connection, ROWS, held="'key'")
    await connection.exec_driver_sql(BLOCK.format(until="-1 hour"))
    for _ in range(2):
        for mode in ("force_custom_plan", "force_generic_plan"):
            await connection.exec_driver_sql(f"SET plan_cache_mode = {mode}")
            for name in ("hold", "fail", "unblock", "bury", "delete"):
                assert_bounded(await settled(connection, name), rows=12 * BATCH, buffers=20 * BATCH)
        await connection.exec_driver_sql("ANALYZE")
