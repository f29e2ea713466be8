"""The SQL of an OutboxAdmin, for the tables of one schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql

from uow_events.outbox import SHARDS, tables

_DIALECT: Final[Dialect] = postgresql.dialect()  # type: ignore[no-untyped-call]
_MESSAGE = "event_id, topic, key, shard, type, payload, headers, occurred_at"
_MATCHING = """($1::bigint[] IS NULL OR id = ANY($1)) AND ($2::text IS NULL OR topic = $2)
AND ($3::text IS NULL OR type = $3) AND ($4::interval IS NULL OR failed_at < statement_timestamp() - $4)"""
# What a relay would do with a row now comes before what the row is marked with: it marks rows when it comes by them.
_TOPICS = """
WITH waiting AS (
    SELECT topic, count(*) FILTER (WHERE state = 'due') AS due, count(*) FILTER (WHERE state = 'key') AS held_by_key,
           count(*) FILTER (WHERE state = 'time') AS held_by_time,
           count(*) FILTER (WHERE state = 'topic') AS held_by_topic,
           statement_timestamp() - min(available_at)
               FILTER (WHERE state IN ('due', 'key') AND available_at <= statement_timestamp()) AS oldest
    FROM (
        SELECT o.topic, o.available_at, CASE
            WHEN o.held = 'time' AND o.available_at > statement_timestamp() THEN 'time'
            WHEN o.held = 'topic' OR p.topic IS NOT NULL THEN 'topic'
            WHEN b.until > statement_timestamp() OR (o.held = 'key' AND b.key IS NULL) THEN 'key'
            ELSE 'due' END AS state
        FROM {outbox} o
        LEFT JOIN {paused_topics} p ON p.topic = o.topic
        LEFT JOIN {blocked_keys} b ON b.shard = o.shard AND b.key = o.key
    ) rows GROUP BY topic
), dead AS (SELECT topic, count(*) AS dead FROM {dead_letters} GROUP BY topic)
SELECT topic, coalesce(due, 0) AS due, coalesce(held_by_key, 0) AS held_by_key,
       coalesce(held_by_time, 0) AS held_by_time, coalesce(held_by_topic, 0) AS held_by_topic,
       coalesce(oldest, '0') AS oldest, coalesce(dead, 0) AS dead, paused_at IS NOT NULL AS is_paused
FROM waiting FULL JOIN dead USING (topic) FULL JOIN {paused_topics} USING (topic) ORDER BY topic
"""
_BLOCKED = "SELECT statement_timestamp() AS looked_at, count(*) AS blocked_keys FROM {blocked_keys}"
_BLOCKED_KEYS = """
SELECT b.key, b.until, waiting.number AS waiting, first.topic, first.type, coalesce(first.attempts, 0) AS attempts,
       first.last_error
FROM (SELECT * FROM {blocked_keys} ORDER BY until, shard, key LIMIT $1) b
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM {outbox} o WHERE o.shard = b.shard AND o.held = 'key' AND o.key = b.key
) waiting
LEFT JOIN LATERAL (
    SELECT * FROM {outbox} o WHERE o.shard = b.shard AND o.held = 'key' AND o.key = b.key ORDER BY o.id LIMIT 1
) first ON true
ORDER BY b.until, b.shard, b.key
"""
_DEAD_LETTERS = """
SELECT id, event_id, topic, key, type, headers::text AS headers, occurred_at, failed_at, attempts, last_error,
       consumer, octet_length(payload) AS payload_size, CASE WHEN $7 THEN payload END AS payload
FROM {dead_letters} WHERE id > $5 AND {matching} ORDER BY id LIMIT $6
"""
_DEAD_SHARDS = """
SELECT shard, count(*) AS number FROM {dead_letters}
WHERE {matching} AND (NOT $5::bool OR consumer IS NULL) GROUP BY shard ORDER BY shard
"""
_REPLAY = """
WITH dead AS (DELETE FROM {dead_letters} WHERE shard = $5 AND {matching} AND consumer IS NULL
              RETURNING id, outbox_id, {message}),
back AS (INSERT INTO {outbox} ({message}) SELECT {message} FROM dead ORDER BY outbox_id, id RETURNING 1)
SELECT count(*) FROM back
"""
_DISCARD = """
WITH dead AS (DELETE FROM {dead_letters} WHERE shard = $5 AND {matching} RETURNING 1) SELECT count(*) FROM dead
"""
_LOCK = "SELECT pg_advisory_xact_lock($1::text::regclass::oid::int4, $2::int4)"
_LOCK_ALL = "SELECT pg_advisory_xact_lock($1::text::regclass::oid::int4, shard) FROM generate_series(0, {last}) shard"
_PAUSE = """
WITH paused AS (INSERT INTO {paused_topics} (topic) VALUES ($1) ON CONFLICT (topic) DO NOTHING RETURNING 1)
SELECT count(*) FROM paused
"""
_UNPAUSE = "DELETE FROM {paused_topics} WHERE topic = $1"
# Made ready at once, a message could be passed by: relays remember how far they have come. So each waits for its key.
_RELEASE = """
WITH freed AS (
    UPDATE {outbox} SET held = CASE WHEN key IS NOT NULL THEN 'key' END WHERE topic = $1 AND held = 'topic'
    RETURNING shard, key
), due AS (
    INSERT INTO {blocked_keys} (shard, key, until)
    SELECT DISTINCT shard, key, clock_timestamp() FROM freed WHERE key IS NOT NULL
    ON CONFLICT (shard, key) DO NOTHING
)
SELECT count(*) FROM freed
"""
_TOPIC_SHARDS = "SELECT DISTINCT shard FROM {outbox} WHERE topic = $1 ORDER BY shard"
_SKIP = """
WITH gone AS (DELETE FROM {outbox} WHERE topic = $1 AND shard = $2 RETURNING id, attempts, last_error, {message}),
dead AS (
    INSERT INTO {dead_letters} (outbox_id, attempts, last_error, {message})
    SELECT id, attempts, 'Skipped with its topic' || coalesce('; ' || last_error, ''), {message} FROM gone ORDER BY id
    RETURNING 1
) SELECT count(*) FROM dead
"""
_UNBLOCK = """
DELETE FROM {blocked_keys} b WHERE b.shard = $1
AND (SELECT o.id FROM {outbox} o WHERE o.shard = b.shard AND o.key = b.key AND o.held = 'key'
     ORDER BY o.key, o.id LIMIT 1) IS NULL
"""


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements, with the names of one schema's tables in them."""

    outbox: str
    topics: str
    blocked: str
    blocked_keys: str
    dead_letters: str
    dead_shards: str
    replay: str
    discard: str
    lock: str
    lock_all: str
    pause: str
    unpause: str
    release: str
    topic_shards: str
    skip: str
    unblock: str

    @classmethod
    def of(cls, schema: str) -> Statements:
        """Return the statements for the tables that were migrated to `schema`."""
        own = tables(schema)
        quoted = _DIALECT.identifier_preparer.format_table
        names = {"matching": _MATCHING, "message": _MESSAGE, "last": SHARDS - 1}
        for table in (own.outbox, own.blocked_keys, own.paused_topics, own.dead_letters):
            names[table.name] = quoted(table)
        templates = {
            "topics": _TOPICS,
            "blocked": _BLOCKED,
            "blocked_keys": _BLOCKED_KEYS,
            "dead_letters": _DEAD_LETTERS,
            "dead_shards": _DEAD_SHARDS,
            "replay": _REPLAY,
            "discard": _DISCARD,
            "lock": _LOCK,
            "lock_all": _LOCK_ALL,
            "pause": _PAUSE,
            "unpause": _UNPAUSE,
            "release": _RELEASE,
            "topic_shards": _TOPIC_SHARDS,
            "skip": _SKIP,
            "unblock": _UNBLOCK,
        }
        return cls(str(names["outbox"]), **{name: template.format(**names) for name, template in templates.items()})
