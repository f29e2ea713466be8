"""Steps that register callbacks."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.properties.messages import Run
from tests.properties.steps.step import Script, Step

if TYPE_CHECKING:
    from tests.properties.application import Running
    from tests.properties.model import Imagined


@dataclass(frozen=True, slots=True, repr=False)
class BeforeCommit(Step):
    """Do something in the same transaction, once the events are done with."""

    body: Script = ()

    async def run(self, here: "Running") -> None:
        here.unit.before_commit(partial(here.at("before").follow, self.body))

    def expect(self, here: "Imagined") -> None:
        here.unit.keep(before_commit=partial(here.at("before").follow, self.body))


@dataclass(frozen=True, slots=True, repr=False)
class AfterCommit(Step):
    """Send a command once the transaction has committed."""

    body: Script = ()

    async def run(self, here: "Running") -> None:
        here.unit.after_commit(partial(here.mediator.send, Run(f"{here.path}.after", self.body)))

    def expect(self, here: "Imagined") -> None:
        here.unit.keep(after_commit=partial(here.unit.call_back, f"{here.path}.after", self.body))


@dataclass(frozen=True, slots=True, repr=False)
class AfterRollback(Step):
    """Send a command once the transaction has rolled back."""

    body: Script = ()

    async def run(self, here: "Running") -> None:
        here.unit.after_rollback(partial(here.mediator.send, Run(f"{here.path}.after", self.body)))

    def expect(self, here: "Imagined") -> None:
        here.unit.after_rollback.append(partial(here.unit.call_back, f"{here.path}.after", self.body))
