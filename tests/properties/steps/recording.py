"""Steps that record events."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from tests.properties.messages import Announced, Happened, Passed, Told, Tried, TriedFirst
from tests.properties.steps.step import Script, Step

if TYPE_CHECKING:
    from tests.properties.application import Running
    from tests.properties.model import Imagined

By = Literal["unit", "recorder", "handler", "callable", "aggregate", "aggregate before"]


@dataclass(frozen=True, slots=True, repr=False)
class Emit(Step):
    """Record a domain event: `body` is what a handler with the session does, `beside` what one without it does."""

    body: Script = ()
    beside: Script = ()
    by: By = "unit"

    async def run(self, here: "Running") -> None:
        await here.record(Happened(here.path, self.body, self.beside), self.by)

    def expect(self, here: "Imagined") -> None:
        here.record(self.by, partial(here.unit.handle, self.body, "a"), partial(here.unit.handle, self.beside, "b"))


@dataclass(frozen=True, slots=True, repr=False)
class Tell(Step):
    """Record a notification."""

    by: By = "unit"

    async def run(self, here: "Running") -> None:
        await here.record(Told(here.path), self.by)

    def expect(self, here: "Imagined") -> None:
        here.record(self.by, leaves=True)


@dataclass(frozen=True, slots=True, repr=False)
class Announce(Step):
    """Record an event that is handled, then published."""

    body: Script = ()
    by: By = "unit"

    async def run(self, here: "Running") -> None:
        await here.record(Announced(here.path, self.body), self.by)

    def expect(self, here: "Imagined") -> None:
        here.record(self.by, partial(here.unit.handle, self.body, "c"), leaves=True)


@dataclass(frozen=True, slots=True, repr=False)
class EmitForLater(Step):
    """Record a domain event whose handler runs after the commit."""

    body: Script = ()
    by: By = "unit"

    async def run(self, here: "Running") -> None:
        await here.record(Passed(here.path, self.body), self.by)

    def expect(self, here: "Imagined") -> None:
        here.record(self.by, partial(here.unit.handle_later, self.body, "d"))


@dataclass(frozen=True, slots=True, repr=False)
class EmitAtRisk(Step):
    """Record a domain event whose handlers, one with the session and one without it, may fail without harm."""

    body: Script = ()
    beside: Script = ()
    by: By = "unit"

    async def run(self, here: "Running") -> None:
        await here.record(Tried(here.path, self.body, self.beside), self.by)

    def expect(self, here: "Imagined") -> None:
        tried = partial(here.unit.try_to_handle, self.body, "e")
        beside = partial(here.unit.try_to_handle, self.beside, "f", with_session=False)
        here.record(self.by, tried, beside)


@dataclass(frozen=True, slots=True, repr=False)
class EmitOrElse(Step):
    """Record a domain event whose handler has a fallback."""

    body: Script = ()
    otherwise: Script = ()
    by: By = "unit"

    async def run(self, here: "Running") -> None:
        await here.record(TriedFirst(here.path, self.body, self.otherwise), self.by)

    def expect(self, here: "Imagined") -> None:
        fallback = partial(here.unit.handle, self.otherwise, "h")
        here.record(self.by, partial(here.unit.try_to_handle, self.body, "g", fallback=fallback))
