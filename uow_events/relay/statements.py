"""The SQL of a relay, for the tables of one schema.

A claim reads three index ranges of one shard, each in its order and up to the limit: what is ready, what was to be
delivered later and is due, and what is held back behind a message whose next attempt is due. Nothing else is read over,
whatever the statistics say. To that end a shard, or a key, that an order begins with is given as a range: an equality
would leave an order by id alone, for which the planner may take the primary key. And times are compared with the stable
statement_timestamp(), since no index serves a comparison with the volatile clock_timestamp().
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql

from uow_events.outbox import tables

_DIALECT: Final[Dialect] = postgresql.dialect()  # type: ignore[no-untyped-call]
_OF_TOPICS = "($1::text[] IS NULL OR o.topic = ANY($1))"
_READY = """o.held IS NULL AND (o.shard, o.id) >= ({shard}, {lowest}) AND (o.shard, o.id) < ({shard} + 1, 0::bigint)"""
_TIMED = "o.held = 'time' AND o.shard = {shard} AND o.available_at <= statement_timestamp()"
_PARKED = "o.held = 'key' AND o.shard = b.shard AND o.key >= b.key AND o.key <= b.key"
_CLAIM = """
SELECT c.id, c.event_id, c.topic, c.key, c.type, c.payload, c.headers::text AS headers, c.occurred_at, c.attempts,
       c.held, c.is_blocked, p.topic IS NOT NULL AS is_paused
FROM (
    SELECT due.*, sum(octet_length(due.payload)) OVER (ORDER BY due.id) - octet_length(due.payload) AS bytes_before
    FROM (
        (SELECT o.*, b.key IS NOT NULL AS is_blocked
         FROM {outbox} o LEFT JOIN {blocked_keys} b ON b.shard = o.shard AND b.key = o.key
         WHERE {ready} AND {of_topics}
         ORDER BY o.shard, o.id LIMIT $4)
        UNION ALL
        (SELECT o.*, b.key IS NOT NULL
         FROM {outbox} o LEFT JOIN {blocked_keys} b ON b.shard = o.shard AND b.key = o.key
         WHERE {timed} AND {of_topics}
         ORDER BY o.available_at LIMIT $4)
        UNION ALL
        (SELECT parked.*, false
         FROM (SELECT shard, key FROM {blocked_keys}
               WHERE shard = $2 AND until <= statement_timestamp() ORDER BY until) b
         CROSS JOIN LATERAL (
             SELECT o.* FROM {outbox} o
             WHERE {parked} AND {of_topics}
             ORDER BY o.key, o.id LIMIT $4
         ) parked
         LIMIT $4)
    ) due
    ORDER BY due.id LIMIT $4
) c LEFT JOIN {paused_topics} p ON p.topic = c.topic
WHERE c.bytes_before < $5
ORDER BY c.id
"""
_DUE_SHARDS = """
SELECT s.shard, ready.id, ready.age
FROM (SELECT (position - 1)::smallint AS shard, lowest
      FROM unnest($2::bigint[]) WITH ORDINALITY AS l (lowest, position)) s
LEFT JOIN LATERAL (
    SELECT o.id, clock_timestamp() - o.available_at AS age FROM {outbox} o
    WHERE {ready_of_s} AND {of_topics}
    ORDER BY o.shard, o.id LIMIT 1
) ready ON true
LEFT JOIN LATERAL (
    SELECT true AS is_due FROM {outbox} o
    WHERE {timed_of_s} AND {of_topics}
    ORDER BY o.available_at LIMIT 1
) timed ON true
LEFT JOIN LATERAL (
    SELECT true AS is_due FROM {blocked_keys} b CROSS JOIN LATERAL (
        SELECT FROM {outbox} o WHERE {parked} AND {of_topics} ORDER BY o.key, o.id LIMIT 1
    ) parked
    WHERE b.shard = s.shard AND b.until <= statement_timestamp() ORDER BY b.until LIMIT 1
) freed ON true
WHERE ready.id IS NOT NULL OR timed.is_due OR freed.is_due
"""
_IS_EMPTY = """
SELECT NOT EXISTS (
    SELECT FROM {outbox} o
    WHERE (o.held IS NULL OR o.held = 'key' OR (o.held = 'time' AND o.attempts > 0)) AND {of_topics}
)
"""
_DELETE = "DELETE FROM {outbox} WHERE id = ANY($1::bigint[])"
_HOLD = """
UPDATE {outbox} o SET held = n.held FROM unnest($1::bigint[], $2::text[]) AS n (id, held) WHERE o.id = n.id
"""
_FAIL = """
UPDATE {outbox} o
SET attempts = o.attempts + 1, last_error = n.error, available_at = clock_timestamp() + n.wait,
    held = CASE WHEN o.key IS NULL THEN 'time' ELSE 'key' END
FROM unnest($1::bigint[], $2::text[], $3::interval[]) AS n (id, error, wait) WHERE o.id = n.id
"""
_BLOCK = """
INSERT INTO {blocked_keys} (shard, key, until)
SELECT $1, n.key, clock_timestamp() + n.wait FROM unnest($2::text[], $3::interval[]) AS n (key, wait)
ON CONFLICT (shard, key) DO UPDATE SET until = excluded.until
"""
_UNBLOCK = """
DELETE FROM {blocked_keys} b WHERE b.shard = $1 AND b.key = ANY($2::text[])
AND (SELECT o.id FROM {outbox} o WHERE {parked} ORDER BY o.key, o.id LIMIT 1) IS NULL
"""
_BURY = """
WITH dead AS (DELETE FROM {outbox} WHERE id = ANY($1::bigint[])
              RETURNING id, event_id, topic, key, shard, type, payload, headers, occurred_at, attempts)
INSERT INTO {dead_letters}
    (outbox_id, event_id, topic, key, shard, type, payload, headers, occurred_at, attempts, last_error)
SELECT dead.id, dead.event_id, dead.topic, dead.key, dead.shard, dead.type, dead.payload, dead.headers,
       dead.occurred_at, dead.attempts + 1, n.error
FROM dead JOIN unnest($1::bigint[], $2::text[]) AS n (id, error) USING (id)
ORDER BY dead.id
"""


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements, with the names of one schema's tables in them."""

    outbox: str
    claim: str
    due_shards: str
    is_empty: str
    delete: str
    hold: str
    fail: str
    block: str
    unblock: str
    bury: str

    @classmethod
    def of(cls, schema: str | None) -> Statements:
        """Return the statements for the tables that were migrated to `schema`."""
        own = tables(schema)
        quoted = _DIALECT.identifier_preparer.format_table
        names = {
            "of_topics": _OF_TOPICS,
            "ready": _READY.format(shard="$2::smallint", lowest="$3::bigint"),
            "ready_of_s": _READY.format(shard="s.shard", lowest="s.lowest"),
            "timed": _TIMED.format(shard="$2::smallint"),
            "timed_of_s": _TIMED.format(shard="s.shard"),
            "parked": _PARKED,
        }
        for table in (own.outbox, own.blocked_keys, own.paused_topics, own.dead_letters):
            names[table.name] = quoted(table)
        return cls(
            outbox=names["outbox"],
            claim=_CLAIM.format(**names),
            due_shards=_DUE_SHARDS.format(**names),
            is_empty=_IS_EMPTY.format(**names),
            delete=_DELETE.format(**names),
            hold=_HOLD.format(**names),
            fail=_FAIL.format(**names),
            block=_BLOCK.format(**names),
            unblock=_UNBLOCK.format(**names),
            bury=_BURY.format(**names),
        )


_PLANNING: Final = {"enable_seqscan": "off", "enable_bitmapscan": "off", "jit": "off"}
"""No statistics are right for a table that is empty now and full then: this leaves the planner the indexes alone."""


def lock(server_version: int) -> str:
    """Return the statement that tries to take a shard, ($1: outbox table, $2: shard), and lifts the limits of waiting.

    The lock has two numbers, one of which says that it is ours, whatever else the application locks by number.
    """
    limits = ["idle_in_transaction_session_timeout", *(["transaction_timeout"] if server_version >= 17 else [])]
    settings = _settings({**dict.fromkeys(limits, "0"), **_PLANNING})
    return f"SELECT pg_try_advisory_xact_lock($1::text::regclass::oid::int4, $2::int4), {settings}"


def _settings(values: Mapping[str, str]) -> str:
    return ", ".join(f"set_config('{name}', '{value}', true)" for name, value in values.items())


RUNNING: Final = f"""
SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint, {_settings(_PLANNING)}
FROM pg_current_snapshot() s
"""
"""Which transactions run: the oldest of them, and the one to come next. Also makes a look read as a claim does."""
