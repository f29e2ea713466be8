"""Whether something can be reached, and how long to leave it alone while it cannot."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from uow_events.messages import failure_text
from uow_events.relay.backoff import Backoff

logger = logging.getLogger("uow_events")
BACKOFF = Backoff(timedelta(milliseconds=200), timedelta(seconds=30))


class Gate:
    """Shut while the broker, or the database, is away: all rounds of a relay wait for it, in place of each row."""

    def __init__(self, name: str, backoff: Backoff = BACKOFF) -> None:
        self._name = name
        self._backoff = backoff
        self._failures = 0
        self._opens_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it answered the last time."""
        return not self._failures

    @property
    def wait(self) -> float:
        """For how many seconds from now to leave it alone."""
        return max(0.0, self._opens_at - asyncio.get_running_loop().time()) if self._failures else 0.0

    def answered(self) -> None:
        """It did what was asked."""
        if self._failures:
            logger.warning("The %s is there again; it could not be reached %s times", self._name, self._failures)
        self._failures = 0

    def is_away(self, error: BaseException) -> None:
        """It could not be reached; rounds that find this out at the same time count once."""
        if self.wait:
            return
        self._failures += 1
        wait = self._backoff.after(self._failures).total_seconds()
        self._opens_at = asyncio.get_running_loop().time() + wait
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        text = failure_text(error)
        logger.log(level, "The %s cannot be reached, the relay tries again in %.1f s: %s", self._name, wait, text)
