"""Steps that fail without the database's doing."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.properties.outcomes import CONFLICT, CONTROL, Boom, Failed
from tests.properties.steps.step import Script, Step

if TYPE_CHECKING:
    from tests.properties.application import Running
    from tests.properties.model import Imagined

SERIALIZATION_FAILURE = text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")


@dataclass(frozen=True, slots=True, repr=False)
class Fail(Step):
    """Raise an exception."""

    async def run(self, here: "Running") -> None:
        raise Boom(here.path)

    def expect(self, here: "Imagined") -> None:
        raise Failed(f"Boom {here.path}")


@dataclass(frozen=True, slots=True, repr=False)
class Commit(Step):
    """Try to commit, which nobody may."""

    async def run(self, here: "Running") -> None:
        await here.session.commit()

    def expect(self, here: "Imagined") -> None:
        here.unit.doomed = here.unit.doomed or CONTROL
        raise Failed(here.unit.doomed)


@dataclass(frozen=True, slots=True, repr=False)
class Conflict(Step):
    """Lose against another transaction, as PostgreSQL says it."""

    async def run(self, here: "Running") -> None:
        await here.session.execute(SERIALIZATION_FAILURE)

    def expect(self, here: "Imagined") -> None:
        here.unit.fail(CONFLICT)


@dataclass(frozen=True, slots=True, repr=False)
class Caught(Step):
    """Do something and go on, whatever it raised."""

    body: Script = ()

    async def run(self, here: "Running") -> None:
        with suppress(Exception):
            await here.follow(self.body)

    def expect(self, here: "Imagined") -> None:
        with suppress(Failed):
            here.follow(self.body)
