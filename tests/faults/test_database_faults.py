"""Databases that lose connections, restart, or forbid a transaction to idle, and a backlog that fits no memory."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import psutil
import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from tests.faults.processes import LIMIT, ROUNDS, drained, ended, relay
from tests.faults.sink import Sink, numbered
from tests.integration.relay.rows import left, put
from tests.postgres.schema import migrate
from uow_events.embedded import EmbeddedPostgres

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'relay'"
BACKLOG = """
INSERT INTO uow_events.outbox (event_id, topic, key, shard, type, payload, headers, occurred_at)
SELECT gen_random_uuid(), 't', n::text, get_byte(sha256(convert_to(n::text, 'UTF8')), 0) % 64, 'T',
       convert_to(n || ':' || n, 'UTF8'), '{}', now() FROM generate_series(1, :rows) n
"""
MIB = 2**20


class Server:
    """A PostgreSQL of the test's own that may be restarted; its socket is reached by the same path again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = URL.create(
            "postgresql+asyncpg", username="postgres", database="postgres", query={"host": str(directory / "socket")}
        )
        self._postgres: EmbeddedPostgres | None = None

    async def start(self, settings: Mapping[str, str] = FAST) -> None:
        self._postgres = EmbeddedPostgres(data=self.directory / "data", settings=settings)
        await self._postgres.__aenter__()
        (self.directory / "socket").symlink_to(str(self._postgres.url.query["host"]))

    async def stop(self) -> None:
        assert self._postgres
        (self.directory / "socket").unlink()
        await self._postgres.__aexit__(None, None, None)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        server = Server(Path(directory))
        await server.start()
        try:
            async with create_async_engine(server.url, poolclass=NullPool).begin() as connection:
                await connection.run_sync(migrate)
            yield server
        finally:
            await server.stop()


async def written(engine: AsyncEngine, payloads: list[str]) -> None:
    """Put all of them into the outbox, each batch again where the server went away before it was committed."""
    for start in range(0, len(payloads), 20):
        batch = payloads[start : start + 20]
        while True:
            try:
                await put(engine, *batch)
                break
            except (OSError, DBAPIError):
                await asyncio.sleep(0.01)


async def test_relays_go_on_after_their_backends_were_killed_under_load(
    engine: AsyncEngine, database_url: URL, broker: Sink
) -> None:
    payloads = numbered(1000 * ROUNDS)
    async with relay(database_url, broker.port, until_stopped=True, batch_size=20), asyncio.timeout(LIMIT):
        for start in range(0, len(payloads), 200):
            await put(engine, *payloads[start : start + 200])
            await broker.until(start + 50)
            async with engine.begin() as connection:
                await connection.execute(text(KILL))
        while await left(engine):
            await broker.until(0)
    broker.assert_delivered(payloads)


async def test_a_server_that_restarts_under_load_gets_its_relay_back(server: Server, broker: Sink) -> None:
    payloads = numbered(1000 * ROUNDS)
    engine = create_async_engine(server.url, poolclass=NullPool)
    async with relay(server.url, broker.port, until_stopped=True, batch_size=20), asyncio.timeout(LIMIT):
        writing = asyncio.create_task(written(engine, payloads))
        for restarts in range(1, ROUNDS + 1):
            await broker.until(500 * restarts)
            await server.stop()
            await server.start()
        await writing
        while await left(engine):
            await broker.until(0)
    broker.assert_delivered(payloads)


async def test_a_broker_slower_than_the_limits_of_transactions_makes_progress(server: Server, broker: Sink) -> None:
    engine = create_async_engine(server.url, poolclass=NullPool)
    await put(engine, *numbered(12, keys=4))
    await server.stop()
    limits = {"idle_in_transaction_session_timeout": "50ms", "transaction_timeout": "50ms"}
    await server.start(FAST | limits)
    broker.delay = 0.15  # longer than either limit
    await drained(server.url, broker.port, concurrency=1, batch_size=5)
    broker.assert_delivered(numbered(12, keys=4))
    assert not broker.duplicates


async def test_a_backlog_is_delivered_in_constant_memory(engine: AsyncEngine, database_url: URL, broker: Sink) -> None:
    rows = min(200_000 * ROUNDS, 1_000_000)
    async with engine.begin() as connection:
        await connection.execute(text(BACKLOG), {"rows": rows})
    sizes: list[int] = []
    async with relay(database_url, broker.port, counts=True) as process, asyncio.timeout(LIMIT):
        for done in range(rows // 10, rows, rows // 10):
            await broker.until(done)
            sizes.append(psutil.Process(process.pid).memory_info().rss)
        await ended(process)
    assert broker.count == rows
    assert max(sizes) - sizes[0] < 24 * MIB, [size // MIB for size in sizes]
