"""Where a processor gets its events from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from uow_events.messages import Invocation, Record, Turn


class EventSource(Protocol):
    """Where events come from, generation by generation."""

    @property
    def count(self) -> int:
        """How many events have been handed over so far."""
        ...

    async def next_generation(self) -> Sequence[Record]:
        """Hand over what was recorded since the last call, in order; nothing when all is done."""
        ...


class SharedSource(EventSource, Protocol):
    """Where events come from, and the session that their handlers share."""

    failure: tuple[BaseException, Invocation] | None
    """Who failed last, as far down as is known."""

    @property
    def turn(self) -> Turn:
        """Whose turn on the session it is."""
        ...

    def recorded_in(self, invocation: Invocation) -> list[Record]:
        """Hand over, as it is, what an invocation and those made in it recorded since the last call, in order."""
        ...

    async def flush(self) -> None:
        """Send pending changes."""
        ...

    async def build(self, records: list[Record]) -> None:
        """Call those recorded callables that build an event."""
        ...
