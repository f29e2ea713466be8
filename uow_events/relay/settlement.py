"""What becomes of the rows of one round."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from uow_events.errors import MessageRefusedError
from uow_events.messages import failure_text
from uow_events.relay.backoff import Backoff
from uow_events.relay.claimed import Claimed, Held


@dataclass(slots=True)
class Settlement:
    """Collects the outcomes of one round; what is not in it stays as it was, and is claimed again."""

    max_attempts: int
    backoff: Backoff
    delivered: list[int] = field(default_factory=list[int])
    failed: list[tuple[int, str, timedelta]] = field(default_factory=list[tuple[int, str, timedelta]])
    dead: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    held: list[tuple[int, Held]] = field(default_factory=list[tuple[int, Held]])
    blocked: dict[str, timedelta] = field(default_factory=dict[str, timedelta])
    freed: set[str] = field(default_factory=set[str])
    waiting: int = 0

    def confirm(self, row: Claimed) -> None:
        """The broker has it: its row goes."""
        self.delivered.append(row.id)
        self._went_on(row)

    def fail(self, row: Claimed, error: BaseException) -> bool:
        """Try again later, or bury it where it was refused for good or tried often enough; tell which: True for later.

        Its key is blocked until then.
        """
        attempts = row.attempts + 1
        if isinstance(error, MessageRefusedError) or attempts >= self.max_attempts:
            self.dead.append((row.id, failure_text(error)))
            self._went_on(row)
            return False
        wait = self.backoff.after(attempts)
        self.failed.append((row.id, failure_text(error), wait))
        if row.message.key is not None:
            self.blocked[row.message.key] = wait
        return True

    def hold(self, row: Claimed, reason: Held) -> None:
        """Put it behind what it waits for."""
        self.waiting += 1
        if row.held != reason:
            self.held.append((row.id, reason))
        if row.held == "key":
            self._went_on(row)

    def unblocked(self) -> Collection[str]:
        """The keys that may have nothing left to wait for."""
        return self.freed - self.blocked.keys()

    def _went_on(self, row: Claimed) -> None:
        if row.held == "key" and row.message.key is not None:
            self.freed.add(row.message.key)
