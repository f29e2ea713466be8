"""The model's transaction: what is in hand, whether it still takes statements, what a savepoint brings back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NoReturn

from tests.properties.outcomes import ABORTED, REFUSED, ROLLBACK_ONLY, VIOLATION, Failed, Unforeseen, is_survivable


class Health(Enum):
    """Whether a transaction, or the savepoint it is in, takes statements."""

    SOUND = "it does"
    ABORTED = "a statement failed: PostgreSQL refuses all others"
    ROLLED_BACK = "a flush failed: SQLAlchemy has rolled back, and the session refuses all others"


@dataclass(frozen=True)
class Work:
    """What a unit of work has in hand; a savepoint that rolls back brings back what it was before."""

    notes: tuple[str, ...] = ()
    meetings: tuple[str, ...] = ()
    count: int = 0
    outbox: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    unflushed: tuple[bool, ...] = ()
    failed_inside: tuple[str, ...] = ()
    waiting: tuple[Recorded, ...] = ()
    before_commit: tuple[Callable[[], object], ...] = ()
    after_commit: tuple[Callable[[], object], ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Recorded:
    """A recorded event: what its handlers do, and whether it leaves."""

    path: str
    handlers: Sequence[Callable[[str], object]]
    leaves: bool = False


@dataclass
class Undoable:
    """A savepoint; `undone` where it is to roll back without an exception."""

    undone: bool = False


class Transaction:
    """What SQLAlchemy and PostgreSQL make of statements and savepoints."""

    def __init__(self) -> None:
        self.work = Work()
        self.health = Health.SOUND
        self.doomed = ""
        self.failure = ""

    def keep(self, **more: Any) -> None:
        """Add to what is in hand."""
        for name, one in more.items():
            kept = getattr(self.work, name)
            self.work = replace(self.work, **{name: kept + (one if name == "count" else (one,))})

    def active(self) -> None:
        if self.health is Health.ROLLED_BACK:
            raise Failed(self.refused)

    @property
    def aborted(self) -> str:
        """How it is told that nothing would be stored, with the first error, of which the others are consequences."""
        return f"{ABORTED} by {self.failure}"

    @property
    def refused(self) -> str:
        """How a statement is refused, with that first error."""
        return f"{REFUSED}: {self.failure}"

    def check_sound(self) -> None:
        """What the look before the last write says."""
        if self.health is not Health.SOUND:
            raise Failed(self.aborted)

    def statement(self, *, flushing: bool = True) -> None:
        if flushing:
            self.flush()
        self.active()
        if self.health is Health.ABORTED:
            raise Failed(self.refused)

    def fail(self, failed: str) -> NoReturn:
        """Send a statement that fails."""
        self.statement()
        self.health, self.failure = Health.ABORTED, failed
        raise Failed(failed)

    def write(self, how: str, *, sound: bool) -> None:
        """Insert something that the database takes, or does not."""
        if how == "core":
            self.statement() if sound else self.fail(VIOLATION)
            return
        self.active()
        self.keep(unflushed=sound)
        if how == "flushed":
            self.flush()

    def flush(self) -> None:
        if not self.work.unflushed:
            return
        before, sound = self.health, all(self.work.unflushed)
        self.work = replace(self.work, unflushed=())
        if before is Health.ABORTED or not sound:
            self.health = Health.ROLLED_BACK
            if before is Health.ABORTED:
                raise Failed(self.refused)
            self.failure = VIOLATION
            raise Failed(VIOLATION)

    @contextmanager
    def savepoint(self) -> Generator[Undoable]:
        """What SQLAlchemy's begin_nested() does."""
        self.active()
        self.flush()
        health, work, savepoint = self.health, self.work, Undoable()
        try:
            yield savepoint
            if not savepoint.undone and self.health is not Health.ROLLED_BACK:
                self.flush()
                if self.health is not health:
                    health = self.health  # RELEASE was refused, and nobody rolls back to it
                    raise Failed(self.refused)
            elif not savepoint.undone:
                raise Failed(self.aborted)  # a flush failed and nobody says so: what was done in it is undone
        except Failed:
            savepoint.undone = True
            raise
        finally:
            if savepoint.undone:
                self._bring_back(health, work)

    @contextmanager
    def undoable(self, *, with_session: bool = True) -> Generator[Undoable]:
        """What surrounds a nested send, and a handler whose failure is not the end."""
        if self.health is not Health.SOUND:
            raise Unforeseen  # all is lost, and by which error we are told depends on more than is modelled here
        if with_session:
            self.flush()
        health, work, undoable = self.health, self.work, Undoable()
        try:
            yield undoable
            if with_session:
                self._release()
        except Failed as failed:
            is_sound = self.health is Health.SOUND or is_survivable(self.failure)
            self._bring_back(health, work)
            undoable.undone = is_sound and is_survivable(str(failed)) and not self.doomed
            if not undoable.undone:
                self.doomed = self.doomed or f"{ROLLBACK_ONLY} by {failed}"
            raise

    def _release(self) -> None:
        if self.health is not Health.SOUND:
            raise Failed(self.failure)
        self.flush()

    def _bring_back(self, health: Health, work: Work) -> None:
        fatal = [failed for failed in self.work.failed_inside[len(work.failed_inside) :] if not is_survivable(failed)]
        self.health, self.work = health, replace(work, failed_inside=(*work.failed_inside, *fatal))
