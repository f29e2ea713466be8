"""Steps around other steps: savepoints, and work that joins."""

from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tests.properties.messages import Run, RunOnce
from tests.properties.outcomes import Failed, is_answer
from tests.properties.steps.step import Script, Step

if TYPE_CHECKING:
    from tests.properties.application import Running
    from tests.properties.model import Imagined

Propagation = Literal["join", "nested", "requires_new"]


@dataclass(frozen=True, slots=True, repr=False)
class Savepoint(Step):
    """Do something inside a savepoint, which its failure rolls back, or `undone`."""

    body: Script = ()
    undone: bool = False

    async def run(self, here: "Running") -> None:
        async with here.session.begin_nested() as savepoint:
            await here.follow(self.body)
            if self.undone:
                await savepoint.rollback()

    def expect(self, here: "Imagined") -> None:
        with here.unit.savepoint() as savepoint:
            here.follow(self.body)
            savepoint.undone = self.undone


@dataclass(frozen=True, slots=True, repr=False)
class Send(Step):
    """Send a command, which joins, or runs in a transaction of its own."""

    body: Script = ()
    propagation: Propagation = "join"

    async def run(self, here: "Running") -> None:
        await here.mediator.send(Run(here.path, self.body), propagation=self.propagation)

    def expect(self, here: "Imagined") -> None:
        SENDING[self.propagation](here, self.body)


@dataclass(frozen=True, slots=True, repr=False)
class SendOnce(Step):
    """Send a command under a key, then the same one once more, or, whatever became of it, `another` one."""

    body: Script = ()
    propagation: Propagation = "join"
    another: bool = False

    async def run(self, here: "Running") -> None:
        with suppress(Exception) if self.another else nullcontext():
            await self._send(here, here.path)
        await self._send(here, self._next(here.path))

    async def _send(self, here: "Running", path: str) -> None:
        await here.mediator.send(RunOnce(path, self.body), idempotency_key=here.path, propagation=self.propagation)

    def expect(self, here: "Imagined") -> None:
        with suppress(Failed) if self.another else nullcontext():
            SENDING[self.propagation](here, self.body, here.path)
        SENDING[self.propagation](replace(here, path=self._next(here.path)), self.body, here.path)

    def _next(self, path: str) -> str:
        return f"{path}.another" if self.another else path


@dataclass(frozen=True, slots=True, repr=False)
class Open(Step):
    """Open a unit of work, which joins."""

    body: Script = ()

    async def run(self, here: "Running") -> None:
        async with here.mediator.unit_of_work() as unit:
            await here.inside(unit).follow(self.body)

    def expect(self, here: "Imagined") -> None:
        _join(here, self.body)


def _join(here: "Imagined", body: Script, key: str = "") -> None:
    with here.unit.joined():
        here.follow_once(body, key)


def _nest(here: "Imagined", body: Script, key: str = "") -> None:
    with here.unit.undoable():
        _join(here, body, key)


def _require_new(here: "Imagined", body: Script, key: str = "") -> None:
    ended = here.unit.model.outcome_of(here.path, body, key)
    if not is_answer(ended):
        raise Failed(ended)


SENDING = {"join": _join, "nested": _nest, "requires_new": _require_new}
