"""A command that does everything once, so that a fault can be put at each place; whatever joins it joins STORED."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tests.integration.conftest import App
from tests.integration.messages import Followed, Happened, Inner, Told
from tests.models import Attendance, Meeting, Note
from uow_events import Command, UnitOfWork
from uow_events.messages import HandlerOptions

MEETING = UUID(int=1)
OURS = "uow_events.outbox, uow_events.idempotency_keys"
Stored = dict[str, Any]

NOTHING: Stored = {"seats": 3, "attendances": 0, "notes": [], "outbox": [], "keys": []}
EVERYTHING: Stored = {
    "seats": 2,
    "attendances": 1,
    "notes": ["savepoint", "event", "follow-up", "before the commit"],
    "outbox": ["joined", "follow-up", "before the commit"],
    "keys": [],
}
LOOK = """
    SELECT (SELECT seats FROM meeting) AS seats, (SELECT count(*) FROM attendance) AS attendances,
        ARRAY(SELECT text::text FROM note ORDER BY id) AS notes,
        ARRAY(SELECT key::text FROM uow_events.outbox ORDER BY id) AS outbox,
        ARRAY(SELECT key::text FROM uow_events.idempotency_keys) AS keys
"""


@dataclass(frozen=True, slots=True)
class Rich(Command[str]):
    pass


class RichCommand:
    """The command; `ended` lists the callbacks that ran after it, `on_step` is called at its handlers' awaits."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.ended: list[str] = []
        self.on_step: Callable[[], None] | None = None
        app.bodies |= {Inner: self.joined}
        app.registry.command_handler(self.body)
        app.registry.event_handler(self.on_happened)
        app.registry.event_handler(self.on_happened_too)
        app.registry.event_handler(self.on_followed)
        app.registry.event_map.register(self.on_followed_in_vain, Followed, HandlerOptions(on_error="continue"))

    async def step(self) -> None:
        await asyncio.sleep(0)
        if self.on_step is not None:
            self.on_step()

    async def body(self, command: Rich, unit: UnitOfWork) -> str:
        unit.after_commit(lambda: self.ended.append("commit"))
        unit.after_rollback(lambda: self.ended.append("rollback"))
        meeting = await unit.session.get_one(Meeting, MEETING, with_for_update=True)
        meeting.seats -= 1
        meeting.record(Happened())
        await self.step()
        async with unit.session.begin_nested():
            unit.session.add(Note(text="savepoint"))
            await self.step()
        with suppress(DBAPIError):
            async with unit.session.begin_nested():
                unit.record(Told("undone"))
                await unit.session.execute(text("SELECT 1 / 0"))
        unit.before_commit(lambda: self.last(unit))
        answer = await self.app.mediator.send(Inner())
        await self.step()
        return str(answer)

    async def joined(self, unit: UnitOfWork) -> object:
        unit.session.add(Attendance(meeting_id=MEETING, who="me"))
        unit.record(Told("joined"))
        await unit.session.flush()
        await self.step()
        return "answer"

    async def on_happened(self, event: Happened, session: AsyncSession, unit: UnitOfWork) -> None:
        session.add(Note(text="event"))
        unit.record(Followed())
        await self.step()

    async def on_happened_too(self, event: Happened) -> None:
        await self.step()

    async def on_followed(self, event: Followed, session: AsyncSession, unit: UnitOfWork) -> None:
        await session.scalar(text("SELECT count(*) FROM note"))
        session.add(Note(text="follow-up"))
        await self.step()
        unit.record(Told("follow-up"))

    async def on_followed_in_vain(self, event: Followed, session: AsyncSession, unit: UnitOfWork) -> None:
        session.add(Note(text="undone"))
        unit.record(Told("undone"))
        await session.flush()
        raise KeyError

    async def last(self, unit: UnitOfWork) -> None:
        unit.session.add(Note(text="before the commit"))
        await self.step()
        unit.record(Told("before the commit"))


async def reset(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE note, attendance, meeting, {OURS} RESTART IDENTITY"))
        await connection.execute(text("INSERT INTO meeting (id, seats, title) VALUES (:id, 3, '')"), {"id": MEETING})


async def stored(engine: AsyncEngine) -> Stored:
    async with engine.connect() as connection:
        return dict((await connection.execute(text(LOOK))).mappings().one())
