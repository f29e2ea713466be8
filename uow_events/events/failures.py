"""What went wrong in handlers that ran concurrently: one exception leaves, with notes on the others."""

from __future__ import annotations

from dataclasses import dataclass

from uow_events.messages import Invocation, Position, add_note, described


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception that left a handler; late where the handler had been cancelled before."""

    error: BaseException
    invocation: Invocation
    position: Position
    is_late: bool

    @property
    def note(self) -> str:
        """What the exception that leaves says of this one: who and which type, since its text may be a secret."""
        how = "failed while it was cancelled" if self.is_late else "failed as well"
        return f"uow_events: {described(self.invocation)} {how}: {type(self.error).__name__}"


class Failures:
    """The failures of one run; late ones are no more than notes."""

    def __init__(self) -> None:
        self._all: list[Failure] = []

    def add(self, failure: Failure) -> None:
        """Keep one."""
        self._all.append(failure)

    def first(self) -> Failure | None:
        """Return the one to raise: the first in breadth-first order that is not late; with notes on the others."""
        first = min((one for one in self._all if not one.is_late), key=lambda one: one.position, default=None)
        if first is not None:
            self.note_on(first.error, first)
        return first

    def note_on(self, error: BaseException, told: Failure | None = None) -> None:
        """Note all on an exception, in breadth-first order, but for one that is told already."""
        for one in sorted(self._all, key=lambda one: one.position):
            if one is not told:
                add_note(error, one.note)
