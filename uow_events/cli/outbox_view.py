"""What `uow-events outbox status` shows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from uow_events.cli.output import ago, cell
from uow_events.operations import BlockedKey, OutboxAdmin, OutboxStatus, TopicStatus

BLOCKED_KEYS = 10
_COUNTS = ("pending", "due", "held_by_key", "held_by_time", "held_by_topic")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an outbox, with the blocked keys whose next attempt comes first."""

    status: OutboxStatus
    blocked: Sequence[BlockedKey]

    @classmethod
    async def take(cls, admin: OutboxAdmin) -> "Look":
        """Look."""
        status = await admin.status()
        return cls(status, await admin.blocked_keys(limit=BLOCKED_KEYS) if status.blocked_keys else ())

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        status = self.status
        return {
            "looked_at": status.looked_at,
            **_numbers(status),
            "blocked_keys": status.blocked_keys,
            "topics": [
                {"topic": topic.topic, "is_paused": topic.is_paused, **_numbers(topic)} for topic in status.topics
            ],
            "first_blocked_keys": [asdict(key) for key in self.blocked],
        }

    def table(self) -> RenderableType:
        """Return it for a terminal."""
        tables = [_topics(self.status)]
        if self.blocked:
            tables.append(_blocked(self.status.blocked_keys, self.blocked))
        return Group(*tables)


def _numbers(of: OutboxStatus | TopicStatus) -> dict[str, Any]:
    return {name: getattr(of, name) for name in (*_COUNTS, "oldest", "dead")}


def _topics(status: OutboxStatus) -> Table:
    table = Table(title=f"Outbox, {status.looked_at:%Y-%m-%d %H:%M:%S %Z}", show_footer=True)
    table.add_column("Topic", "all")
    heads = ("Pending", "Due", "Blocked", "Later", "Paused")
    for head, name in zip(heads, _COUNTS, strict=True):
        table.add_column(head, f"{getattr(status, name):,}", justify="right")
    table.add_column("Oldest", ago(status.oldest), justify="right")
    table.add_column("Dead", f"{status.dead:,}", justify="right")
    for topic in status.topics:
        counts = [f"{getattr(topic, name):,}" for name in _COUNTS]
        label = cell(f"{topic.topic} (paused)" if topic.is_paused else topic.topic)
        table.add_row(label, *counts, ago(topic.oldest), f"{topic.dead:,}", style="yellow" if topic.is_paused else None)
    return table


def _blocked(number: int, keys: Sequence[BlockedKey]) -> Table:
    table = Table(title=f"Blocked keys, {len(keys)} of {number:,}")
    for head in ("Key", "Topic", "Waiting", "Attempts", "Next attempt", "Last error"):
        table.add_column(head)
    for key in keys:
        until = f"{key.until:%Y-%m-%d %H:%M:%S}"
        counts = (f"{key.waiting:,}", f"{key.attempts:,}")
        table.add_row(cell(key.key), cell(key.topic), *counts, until, cell(key.last_error))
    return table
