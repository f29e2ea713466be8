"""WHAT leaves: the tables, the rows of a transaction, and publishing without them."""

from uow_events.outbox.direct_publishing import DirectPublishing
from uow_events.outbox.driver import DATABASE_ERRORS, driver_connection, own_connection
from uow_events.outbox.outbox import Outbox
from uow_events.outbox.shard import SHARDS, shard_of
from uow_events.outbox.tables import Tables, metadata, tables
from uow_events.outbox.waking import Waker, channel_of
from uow_events.outbox.writing import NOT_MIGRATED

__all__ = [
    "DATABASE_ERRORS",
    "DirectPublishing",
    "NOT_MIGRATED",
    "Outbox",
    "SHARDS",
    "Tables",
    "Waker",
    "channel_of",
    "driver_connection",
    "metadata",
    "own_connection",
    "shard_of",
    "tables",
]
