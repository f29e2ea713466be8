"""Steps that write, or fail to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import text

from tests.models import Meeting, Note
from tests.properties.steps.step import Step

if TYPE_CHECKING:
    from tests.properties.application import Running
    from tests.properties.model import Imagined

How = Literal["flushed", "pending", "core"]
INSERT = text("INSERT INTO note (text) SELECT :text FROM generate_series(1, :times)")
TWO_OF_ONE = text("""
    WITH meeting AS (INSERT INTO meeting (id, seats, title) VALUES (gen_random_uuid(), 0, '') RETURNING id)
    INSERT INTO attendance (meeting_id, who) SELECT id, 'me' FROM meeting, generate_series(1, 2)
""")


@dataclass(frozen=True, slots=True, repr=False)
class Write(Step):
    """Store a note."""

    how: How = "flushed"

    async def run(self, here: "Running") -> None:
        await _insert(here, self.how, times=1)

    def expect(self, here: "Imagined") -> None:
        here.unit.keep(notes=here.path)
        here.unit.write(self.how, sound=True)


@dataclass(frozen=True, slots=True, repr=False)
class Violate(Step):
    """Store a note twice, against the constraint."""

    how: How = "core"

    async def run(self, here: "Running") -> None:
        await _insert(here, self.how, times=2)

    def expect(self, here: "Imagined") -> None:
        here.unit.write(self.how, sound=False)


async def _insert(here: "Running", how: How, *, times: int) -> None:
    if how == "core":
        await here.session.execute(INSERT, {"text": here.path, "times": times})
        return
    here.add(*(Note(text=here.path) for _ in range(times)))
    if how == "flushed":
        await here.session.flush()


@dataclass(frozen=True, slots=True, repr=False)
class Change(Step):
    """Count one up on an object that the unit of work holds on to; a rolled-back savepoint counts down again."""

    async def run(self, here: "Running") -> None:
        held = here.held
        if held.counter is None or held.counter not in here.session:
            held.counter = await here.session.get(Meeting, held.id) or Meeting(id=held.id, seats=0, title=held.path)
        here.add(held.counter)
        held.counter.seats += 1
        await here.session.flush()

    def expect(self, here: "Imagined") -> None:
        unit = here.unit
        if not unit.work.count:
            unit.flush()
            unit.statement()
        unit.keep(count=1)
        unit.write("flushed", sound=True)


@dataclass(frozen=True, slots=True, repr=False)
class FailAtCommit(Step):
    """Break a deferred constraint, of which only COMMIT will tell."""

    async def run(self, here: "Running") -> None:
        await here.session.execute(TWO_OF_ONE)

    def expect(self, here: "Imagined") -> None:
        here.unit.statement()
        here.unit.keep(broken=here.path)
