"""The time limit of one command, with all its attempts and the waits between them; never of its commit."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import TracebackType
from typing import Self

from uow_events.errors import CommandTimeoutError


class Deadline:
    """A context manager around a command: at the limit the task is cancelled, and CommandTimeoutError leaves.

    A unit of work inside of it holds the clock while it commits or rolls back. A cancellation from outside stays one,
    also where both come.

    Args:
        limit: the time that the command has; None is no limit.
        command: what the error calls it.
    """

    def __init__(self, limit: timedelta | None, command: str) -> None:
        self.limit = limit
        self.command = command
        self.running = "what surrounds its handler"
        self._ends_at: float | None = None
        self._timeout = asyncio.timeout_at(None)

    @property
    def remaining(self) -> float | None:
        """The seconds that are left, from 0; None without a limit."""
        if self._ends_at is None:
            return None
        return max(0.0, self._ends_at - asyncio.get_running_loop().time())

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return self.has_expired or self.remaining == 0

    @property
    def has_expired(self) -> bool:
        """Whether the task was cancelled for it."""
        return self._timeout.expired()

    async def check(self) -> None:
        """Let an expiry that is due arrive, also one that a handler caught; if none is, return without suspending."""
        while self.is_over:
            has_expired = self.has_expired
            await asyncio.sleep(0)
            if has_expired:
                raise asyncio.CancelledError

    def hold(self) -> None:
        """Stop the clock, unless it has expired."""
        self._set(None)

    def release(self) -> None:
        """Let the clock run again; the time it was held counts."""
        self._set(self._ends_at)

    async def __aenter__(self) -> Self:
        if self.limit is not None:
            await self._timeout.__aenter__()
            self._ends_at = asyncio.get_running_loop().time() + self.limit.total_seconds()
            self.release()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.limit is None:
            return
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError:
            raise CommandTimeoutError(self.command, self.limit, self.running) from error
        if self.has_expired and isinstance(error, Exception):
            raise CommandTimeoutError(self.command, self.limit, self.running) from error

    def _set(self, when: float | None) -> None:
        if self._ends_at is not None and not self.has_expired:
            self._timeout.reschedule(when)
