"""Rows of the outbox, put there and looked at from outside of the code under test."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.outbox import shard_of

PUT = """
INSERT INTO uow_events.outbox (event_id, topic, key, shard, type, payload, headers, occurred_at)
SELECT event_id, n.topic, n.key, get_byte(sha256(convert_to(coalesce(n.key, event_id::text), 'UTF8')), 0) % 64, 'T',
       convert_to(n.payload, 'UTF8'), '{"specversion": "1.0"}', clock_timestamp()
FROM (SELECT gen_random_uuid() AS event_id, * FROM unnest(
    CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:payloads AS text[])
) WITH ORDINALITY AS u (topic, key, payload, position)) n ORDER BY position
"""


def keys_beside(key: str) -> Iterator[str]:
    """Other keys of the same shard."""
    return (other for n in count() if shard_of(other := f"k{n}") == shard_of(key))


async def put(engine: AsyncEngine, *payloads: str, key: str | None = None, topic: str = "meetings") -> None:
    """Put one row for each payload into the outbox; a payload "a:1" has the key "a", where no key is given."""
    keys = [key or payload.partition(":")[0] for payload in payloads]
    await _put(engine, keys, payloads, topic)


async def put_without_key(engine: AsyncEngine, *payloads: str, topic: str = "meetings") -> None:
    await _put(engine, [None] * len(payloads), payloads, topic)


async def _put(engine: AsyncEngine, keys: Sequence[str | None], payloads: Sequence[str], topic: str) -> None:
    given = {"topics": [topic] * len(payloads), "keys": list(keys), "payloads": list(payloads)}
    async with engine.begin() as connection:
        await connection.execute(text(PUT), given)


async def rows(engine: AsyncEngine, columns: str, table: str = "outbox") -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        found = await connection.execute(text(f"SELECT {columns} FROM uow_events.{table} ORDER BY 1"))
        return [tuple(row) for row in found]


async def left(engine: AsyncEngine) -> list[str]:
    """The payloads still in the outbox, oldest first."""
    return [payload for _, payload in await rows(engine, "id, convert_from(payload, 'UTF8')")]


async def dead(engine: AsyncEngine) -> list[tuple[str, str, int]]:
    """Payload, error and attempts of each dead letter, oldest first."""
    found = await rows(engine, "id, convert_from(payload, 'UTF8'), last_error, attempts", "dead_letters")
    return [(payload, error, attempts) for _, payload, error, attempts in found]


async def make_due(engine: AsyncEngine) -> None:
    """Let the time of every next attempt be now."""
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE uow_events.blocked_keys SET until = clock_timestamp()"))
        due = "UPDATE uow_events.outbox SET available_at = clock_timestamp() WHERE held = 'time'"
        await connection.execute(text(due))
