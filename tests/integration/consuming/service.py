"""A service that consumes: its mediator, what its handlers saw, and a look at what it stored."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tests.models import Note
from uow_events import Command, Mediator, MessageContext, NotificationEvent, Outbox, Recorder, Registry


@dataclass(frozen=True, slots=True)
class Placed(NotificationEvent, topic="shop.placed", key="order", name="order-placed"):
    order: str


@dataclass(frozen=True, slots=True)
class Noted(NotificationEvent, topic="notes.noted"):
    text: str


@dataclass(frozen=True, slots=True)
class Write(Command[None]):
    text: str


Effect = Callable[[], Awaitable[object]]


async def nothing() -> None: ...


class Service:
    """Notes each order that it hears of; `effect` is what else its handlers do."""

    def __init__(self, engine: AsyncEngine, **options: Any) -> None:
        self.engine = engine
        self.registry = Registry()
        self.effect: Effect = nothing
        self.prefix = ""
        self.contexts: list[MessageContext] = []
        self.registry.event_handler(Placed)(self._hear)
        self.registry.command_handler(Write)(self._write)
        self.mediator = Mediator(engine, self.registry, notifications=Outbox(), **options)

    async def _hear(self, event: Placed, session: AsyncSession, context: MessageContext, recorder: Recorder) -> None:
        await self._note(event.order, session, context, recorder)

    async def _write(self, command: Write, session: AsyncSession, context: MessageContext, recorder: Recorder) -> None:
        await self._note(command.text, session, context, recorder)

    async def _note(self, note: str, session: AsyncSession, context: MessageContext, recorder: Recorder) -> None:
        self.contexts.append(context)
        session.add(Note(text=self.prefix + note))
        recorder.record(Noted(note))
        await session.flush()
        await self.effect()

    async def notes(self) -> list[str]:
        async with self.engine.connect() as connection:
            return list((await connection.scalars(select(Note.text).order_by(Note.id))).all())

    async def rows(self, columns: str, table: str) -> list[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(f"SELECT {columns} FROM uow_events.{table}"))]
