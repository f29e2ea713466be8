"""What PostgreSQL does for a statement of the relay, as EXPLAIN tells it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from uow_events.relay.statements import RUNNING, Statements, lock

BATCH = 100
HOT = 7
"""The shard that holds all rows."""
SEED = """
INSERT INTO uow_events.outbox
    (event_id, topic, key, shard, type, payload, headers, occurred_at, available_at, attempts, held)
SELECT gen_random_uuid(), 'meetings', 'k' || mod(n, {keys}), 7, 'T', 'payload', '{{}}', now(),
       now() + '1 hour' + n * interval '1 ms', 0, {held}
FROM generate_series(1, {rows}) n
"""


@dataclass(frozen=True)
class Plan:
    root: Mapping[str, Any]

    def nodes(self) -> Iterator[Mapping[str, Any]]:
        todo = [self.root]
        while todo:
            node = todo.pop()
            yield node
            todo.extend(node.get("Plans", ()))

    @property
    def rows_read(self) -> float:
        """Rows of all tables that were read, also those that a filter dropped then."""
        dropped = ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")
        return sum(
            node["Actual Loops"] * (node["Actual Rows"] + sum(node.get(name, 0) for name in dropped))
            for node in self.nodes()
            if "Relation Name" in node
        )

    @property
    def scans_of_outbox(self) -> set[tuple[str, str]]:
        return {(node["Node Type"], node.get("Index Name", "")) for node in self.nodes() if is_scan_of_outbox(node)}

    @property
    def buffers(self) -> int:
        return int(self.root["Shared Hit Blocks"] + self.root["Shared Read Blocks"])


def is_scan_of_outbox(node: Mapping[str, Any]) -> bool:
    return node["Node Type"].endswith("Scan") and node.get("Relation Name") == "outbox" and node["Actual Loops"] > 0


async def claim(connection: AsyncConnection, *, lowest: int = 0) -> Plan:
    before = lock(15)
    arguments = f"NULL, {HOT}, {lowest}, {BATCH}, 16777216"
    return await _explained(connection, before, ("uow_events.outbox", HOT), STATEMENTS.claim, arguments)


async def due_shards(connection: AsyncConnection) -> Plan:
    return await _explained(connection, RUNNING, (), STATEMENTS.due_shards, "NULL, array_fill(0::bigint, ARRAY[64])")


async def settled(connection: AsyncConnection, name: str) -> Plan:
    """A statement of the settlement, for the rows 1 to BATCH or the keys of them."""
    return await _explained(connection, lock(15), ("uow_events.outbox", HOT), getattr(STATEMENTS, name), SETTLED[name])


async def _explained(
    connection: AsyncConnection, before: str, given: tuple[object, ...], statement: str, arguments: str
) -> Plan:
    """Run a prepared statement, since only such a one may have a generic plan, after what a relay runs before it."""
    await connection.exec_driver_sql("BEGIN")
    await connection.exec_driver_sql(before, given)
    await connection.exec_driver_sql(f"PREPARE explained AS {statement}")
    explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE explained({arguments})"
    found = (await connection.exec_driver_sql(explain)).scalar_one()
    await connection.exec_driver_sql("DEALLOCATE explained")
    await connection.exec_driver_sql("COMMIT")
    return Plan((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])


async def seed(connection: AsyncConnection, rows: int, held: str = "NULL", keys: int = 1000) -> None:
    """Put rows into the hot shard, behind the tables' autovacuum."""
    await connection.exec_driver_sql("ALTER TABLE uow_events.outbox SET (autovacuum_enabled = false)")
    await connection.exec_driver_sql(SEED.format(rows=rows, held=held, keys=keys))


STATEMENTS = Statements.of("uow_events")
_IDS = f"'{{{','.join(str(n + 1) for n in range(BATCH))}}}'::bigint[]"
_KEYS = f"'{{{','.join(f'k{n + 1}' for n in range(BATCH))}}}'::text[]"
SETTLED = {
    "delete": _IDS,
    "bury": f"{_IDS}, array_fill('no'::text, ARRAY[{BATCH}])",
    "fail": f"{_IDS}, array_fill('no'::text, ARRAY[{BATCH}]), array_fill('1 s'::interval, ARRAY[{BATCH}])",
    "hold": f"{_IDS}, array_fill('topic'::text, ARRAY[{BATCH}])",
    "unblock": f"{HOT}, {_KEYS}",
}
