"""What tells one transaction from all others, as long as the server runs that it was made on."""

from dataclasses import dataclass
from typing import Final

SERVER_RUN: Final = (
    "concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), "
    "extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()))"
)
"""SQL that names this run of this server: a restart, a failover, and the recovery from a crash change its value.

The postmaster survives the crash of a backend, and keeps its start time; but the ids of transactions whose WAL was lost
are given out again. What also changes then, and at no other time by itself, is when the statistics were reset.
"""


@dataclass(frozen=True, slots=True)
class TransactionMark:
    """A transaction's id (PostgreSQL's xid8, as text) and the server run in which it means this transaction."""

    xid: str
    server_run: str
