"""The model: what scripts are expected to do, in plain Python and in memory."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import partial

from tests.properties.messages import ATTEMPTS
from tests.properties.outcomes import ANSWERED, CONFLICT, CONFLICTING_KEY, ROLLBACK_ONLY, VIOLATION, Failed
from tests.properties.steps import Conflict, Script
from tests.properties.transaction import Health, Recorded, Transaction, Undoable, Work


@dataclass
class Model:
    """What is stored, and which steps were done."""

    notes: list[str] = field(default_factory=list)
    meetings: list[str] = field(default_factory=list)
    outbox: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)

    def outcome_of(self, path: str, script: Script, key: str = "") -> str:
        """Follow a script in a transaction of its own, and return how that ends; at most once under a key."""
        if key in self.keys:
            return self._repeated(path, key)
        unit = Unit(self)
        try:
            Imagined(unit, path).follow_once(script, key)
            unit.settle()
        except Failed as failed:
            self.failures.append(str(failed))
            for callback in unit.after_rollback:
                callback()
            return str(failed)
        self._commit(unit.work, path)
        return f"{ANSWERED} {path}"

    def outcome_of_attempts(self, path: str, script: Script, conflicts: int) -> str:
        """Follow a script in up to three attempts, of which the first `conflicts` end with one."""
        for attempt in range(1, ATTEMPTS + 1):
            ended = self.outcome_of(f"{path}.{attempt}", (*script, Conflict()) if attempt <= conflicts else script)
            if CONFLICT not in ended:  # neither as the error nor as one of its causes
                break
        return ended

    def copy(self) -> Model:
        return Model(*(getattr(self, one.name).copy() for one in fields(self)))

    def _repeated(self, path: str, key: str) -> str:
        if self.keys[key] == path:
            return f"{ANSWERED} {path}"
        self.failures.append(CONFLICTING_KEY)
        return CONFLICTING_KEY

    def _commit(self, work: Work, path: str) -> None:
        self.notes += work.notes
        self.meetings += [f"{meeting} 0" for meeting in work.meetings]
        self.meetings += [f"{path} {work.count}"] if work.count else []
        self.outbox += work.outbox
        self.keys |= work.keys
        for callback in work.after_commit:
            callback()


class Unit(Transaction):
    """One unit of work."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        self.after_rollback: list[Callable[[], object]] = []

    @contextmanager
    def joined(self) -> Generator[None]:
        try:
            yield
        except Failed as failed:
            self.keep(failed_inside=str(failed))
            raise

    def call_back(self, path: str, script: Script) -> None:
        """Send after this unit's end: in a transaction of its own, also where an outer unit is still open."""
        self.model.outcome_of(path, script)

    def settle(self) -> None:
        """Do everything up to the commit."""
        self._drain()
        while callbacks := self.work.before_commit:
            self.work = replace(self.work, before_commit=())
            for callback in callbacks:
                callback()
            self._drain()
        self._check()

    def _drain(self) -> None:
        self.flush()
        while generation := self.work.waiting:
            self.work = replace(self.work, waiting=())
            for recorded in generation:
                self._emit(recorded)
            self.flush()

    def _emit(self, recorded: Recorded) -> None:
        for handle in recorded.handlers:
            handle(recorded.path)
        if recorded.leaves:
            self.keep(outbox=recorded.path)

    def handle(self, script: Script, handler: str, path: str) -> None:
        """Run an event's handler, whose failure is the unit's."""
        Imagined(self, f"{path}.{handler}").follow(script)

    def handle_later(self, script: Script, handler: str, path: str) -> None:
        """Run an event's handler after the commit, in a unit of its own."""
        self.keep(after_commit=partial(self.model.outcome_of, f"{path}.{handler}", script))

    def try_to_handle(
        self,
        script: Script,
        handler: str,
        path: str,
        *,
        with_session: bool = True,
        fallback: Callable[[str], None] | None = None,
    ) -> None:
        """Run an event's handler, whose failure is undone; its fallback then takes its place, where it has one."""
        tried = Undoable()
        try:
            with self.undoable(with_session=with_session) as tried:
                self.handle(script, handler, path)
        except Failed:
            if not tried.undone:
                raise
            if fallback is not None:
                fallback(path)

    def _check(self) -> None:
        if self.doomed:
            raise Failed(self.doomed)
        if self.health is Health.ROLLED_BACK:
            raise Failed(self.aborted)
        if self.work.failed_inside:
            raise Failed(f"{ROLLBACK_ONLY} by {self.work.failed_inside[0]}")
        self.check_sound()
        if self.work.broken:
            raise Failed(VIOLATION)


@dataclass(frozen=True)
class Imagined:
    """A place in a script, in a unit of work."""

    unit: Unit
    path: str

    def follow(self, script: Script) -> None:
        for number, step in enumerate(script):
            here = self.at(str(number))
            self.unit.model.done.append(here.path)
            step.expect(here)

    def follow_once(self, script: Script, key: str) -> None:
        """Follow a script under a key, unless that was done before, in this transaction or another one."""
        unit, before = self.unit, ChainMap(self.unit.work.keys, self.unit.model.keys)
        if not key:
            self.follow(script)
            return
        unit.statement(flushing=False)
        if key not in before:
            unit.work = replace(unit.work, keys={**unit.work.keys, key: self.path})
            self.follow(script)
            unit.check_sound()
        elif before[key] != self.path:
            raise Failed(CONFLICTING_KEY)

    def at(self, place: str) -> Imagined:
        return replace(self, path=f"{self.path}.{place}")

    def record(self, by: str, *handlers: Callable[[str], object], leaves: bool = False) -> None:
        unit, is_aggregate = self.unit, by.startswith("aggregate")
        if is_aggregate:
            unit.active()
        unit.keep(waiting=Recorded(self.path, handlers, leaves))
        if is_aggregate:
            unit.keep(meetings=self.path)
            unit.write("flushed", sound=True)
