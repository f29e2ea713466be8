"""What a concurrent processor does: one handler run of one event at a time, the first that can start."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush

from uow_events.errors import name_of
from uow_events.messages import Binding, Event, Position, Record, Turn


@dataclass(frozen=True, slots=True)
class Step:
    """One handler run of one built event."""

    binding: Binding
    record: Record
    position: Position
    holds_session: bool

    @property
    def event(self) -> Event:
        """What is handled."""
        return self.record.build()

    @property
    def name(self) -> str:
        """What its task is called."""
        return f"{self.binding.name} handling {name_of(type(self.event))}"

    def __lt__(self, other: Step) -> bool:
        return self.position < other.position


@dataclass(frozen=True, slots=True)
class ReadySteps:
    """The steps that may start: those that need the session's turn for it, and the others."""

    holders: list[Step] = field(default_factory=list["Step"])
    others: list[Step] = field(default_factory=list["Step"])

    def __bool__(self) -> bool:
        return bool(self.holders or self.others)

    def add(self, step: Step) -> None:
        """Have a step started some time."""
        heappush(self.holders if step.holds_session else self.others, step)

    def take(self, turn: Turn) -> Step | None:
        """Return the first step in breadth-first order among those that can start now."""
        can_start = [steps for steps in (self.others, self._startable(turn)) if steps]
        return heappop(min(can_start, key=lambda steps: steps[0])) if can_start else None

    def _startable(self, turn: Turn) -> list[Step]:
        return self.holders if self.holders and turn.is_free_for(self.holders[0].position) else []
