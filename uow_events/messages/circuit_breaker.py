"""What keeps a handler that goes on failing from being tried."""

from __future__ import annotations

from typing import Protocol


class GuardedRun(Protocol):
    """One run of a handler, as its circuit breaker sees it; told nothing where the run was cancelled or rolled back."""

    async def succeeded(self) -> None:
        """Take it that the run ended well."""
        ...

    async def failed(self, error: Exception) -> None:
        """Count an error that the fallback stands in for."""
        ...


class CircuitBreaker(Protocol):
    """Watches the runs of a FallbackHandler's primary handler; while the circuit is open, only the fallback runs.

    Its own errors leave like those of the handler, and roll back: one that asks a server should answer by itself while
    that is down. `uow_events.integrations.purgatory` (extra `purgatory`) brings one; others take a dozen lines.
    """

    async def begin(self) -> GuardedRun | None:
        """Let a run begin and be told how it ends, or return None while the circuit is open."""
        ...
