"""How the relays of one command stand, over all its processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from uow_events.relay import RelayStatus

STALLED_AFTER = 60.0
"""Seconds in which a relay has to look for work once; its poll interval is to be shorter."""


class Health:
    """Takes what relays say of themselves, and tells whether they are well.

    A relay is well while it reaches its broker and its database and goes on looking for work, idle or not.
    """

    def __init__(self, processes: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._processes = processes
        self._clock = clock
        self._last: dict[int, RelayStatus] = {}
        self._looked_at: dict[int, float] = {}
        self._before = dict.fromkeys(("published", "failed", "dead"), 0)

    def heard(self, pid: int, status: RelayStatus) -> None:
        """Take the status of one process."""
        last = self._last.get(pid)
        if last is None or status.looks > last.looks:
            self._looked_at[pid] = self._clock()
        self._last[pid] = status

    def ended(self, pid: int) -> None:
        """Take it that a process has ended; what it has done still counts."""
        status = self._last.pop(pid, None)
        for name in self._before:
            self._before[name] += getattr(status, name, 0)

    @property
    def problems(self) -> list[str]:
        """Why the relays are not well; nothing where they are."""
        statuses = self._last.values()
        now = self._clock()
        found = {
            "a process is not running": len(statuses) < self._processes,
            "not started yet": any(not status.looks for status in statuses),
            "the broker cannot be reached": any(not status.is_broker_available for status in statuses),
            "the database cannot be reached": any(not status.is_database_available for status in statuses),
            "a relay has stalled": any(now - self._looked_at[pid] > STALLED_AFTER for pid in self._last),
        }
        return [problem for problem, is_there in found.items() if is_there]

    def plain(self) -> dict[str, Any]:
        """Return everything, for JSON and logs; durations are seconds."""
        problems = self.problems
        done = {name: before + self._sum(name) for name, before in self._before.items()}
        oldest = max((status.oldest for status in self._last.values()), default=timedelta(0))
        return {
            "healthy": not problems,
            "problems": problems,
            **done,
            "oldest": oldest.total_seconds(),
            "processes": len(self._last),
        }

    def _sum(self, name: str) -> int:
        return sum(getattr(status, name) for status in self._last.values())
