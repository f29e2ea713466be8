"""Rows a second that a relay takes out of the outbox with a broker that does nothing, beside the bare algorithm.

    make bench

The bare algorithm claims by FOR UPDATE SKIP LOCKED and deletes by ids, in asyncpg alone: no order per key, no retries.
Both drain the same rows of the same server, in alternating rounds; the figure is the ratio of their medians.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from uow_events import BrokerMessage, Relay
from uow_events.embedded import EmbeddedPostgres
from uow_events.migrations import LATEST_VERSION, upgrade

ROUNDS = 5
ROWS = 50_000
BATCH = 500
WORKERS = 2
SEED = """
INSERT INTO uow_events.outbox (event_id, topic, key, shard, type, payload, headers, occurred_at)
SELECT gen_random_uuid(), 'meetings', 'k' || n % :keys, get_byte(sha256(convert_to('k' || n % :keys, 'UTF8')), 0) % 64,
       'Happened', convert_to(repeat('x', 200), 'UTF8'), '{"specversion": "1.0", "type": "Happened"}', now()
FROM generate_series(1, :rows) n
"""
CLAIM = """
SELECT id, event_id, topic, key, type, payload, headers, occurred_at FROM uow_events.outbox
ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
"""


class NullBroker:
    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        return [None] * len(messages)

    async def ping(self) -> None:
        pass


async def bare(engine: AsyncEngine) -> None:
    host = str(engine.url.query["host"])

    async def work() -> None:
        connection = await asyncpg.connect(host=host, user=engine.url.username, database=engine.url.database)
        claimed = True
        while claimed:
            async with connection.transaction():
                claimed = await connection.fetch(CLAIM, BATCH)
                ids = [row["id"] for row in claimed]
                await connection.execute("DELETE FROM uow_events.outbox WHERE id = ANY($1)", ids)
        await connection.close()

    await asyncio.gather(*[work() for _ in range(WORKERS)])


async def ours(engine: AsyncEngine) -> None:
    await Relay(engine, NullBroker(), batch_size=BATCH, concurrency=WORKERS).drain()


async def rate(engine: AsyncEngine, keys: int, drain: Callable[[AsyncEngine], Awaitable[None]]) -> float:
    async with engine.begin() as connection:
        await connection.execute(text(SEED), {"rows": ROWS, "keys": keys})
    async with engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
    start = time.perf_counter()
    await drain(engine)
    return ROWS / (time.perf_counter() - start)


def migrate(connection: Connection) -> None:
    operations = Operations(MigrationContext.configure(connection))
    for version in range(1, LATEST_VERSION + 1):
        upgrade(operations, version)


async def main() -> None:
    async with EmbeddedPostgres() as postgres:
        engine = create_async_engine(postgres.url, pool_size=10)
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
        for keys in (ROWS, 1000):
            rates = [(await rate(engine, keys, ours), await rate(engine, keys, bare)) for _ in range(ROUNDS)]
            relay, bottom = (statistics.median(column) for column in zip(*rates, strict=True))
            print(
                f"{keys:6} keys: relay {relay:8.0f}, bare {bottom:8.0f} rows a second, ratio {relay / bottom:.2f}",
                flush=True,
            )
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
