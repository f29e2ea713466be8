"""What PostgreSQL itself says that a schema holds."""

from collections.abc import Sequence

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

COLUMNS = """
    SELECT c.relname, rank() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
           format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
           pg_get_expr(d.adbin, d.adrelid), a.attcollation, a.attstorage
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
    WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY 1, 2
"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = to_regnamespace(:schema) ORDER BY 1, 2
"""
INDEXES = """
    SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_class c
    WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind = 'i' ORDER BY 1
"""
SEQUENCES = """
    SELECT sequencename, data_type::text, start_value, increment_by, cycle, cache_size FROM pg_sequences
    WHERE schemaname = :name ORDER BY 1
"""


async def catalog(url: URL, schema: str = "uow_events") -> dict[str, Sequence[tuple[object, ...]]]:
    """Columns, constraints, indexes and sequences of a schema, as PostgreSQL itself writes them."""
    quoted = '"' + schema.replace('"', '""') + '"'
    queries = {"columns": COLUMNS, "constraints": CONSTRAINTS, "indexes": INDEXES, "sequences": SEQUENCES}
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        found: dict[str, Sequence[tuple[object, ...]]] = {}
        for kind, sql in queries.items():
            parameters = {"name": schema} if kind == "sequences" else {"schema": quoted}
            rows = await connection.execute(text(sql), parameters)
            found[kind] = [
                tuple(str(value).replace(f"{quoted}.", "").replace(f"{schema}.", "") for value in row) for row in rows
            ]
        return found


async def tables_in(url: URL, schema: str = "uow_events") -> set[str]:
    return {str(column[0]) for column in (await catalog(url, schema))["columns"]}
