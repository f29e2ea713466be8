"""Where a script is being followed by a handler."""

from __future__ import annotations

import asyncio
from contextvars import Context
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.models import Meeting
from tests.properties.steps import Script
from uow_events import (
    AggregateRoot,
    CommandHandler,
    DomainEvent,
    EventHandler,
    Mediator,
    NotificationEvent,
    Recorder,
    UnitOfWork,
)

if TYPE_CHECKING:
    from uow_events.unit_of_work.session import FencedSession

Event = DomainEvent | NotificationEvent


class Trace(list[str]):
    """The paths of the steps that were done, in order."""


class Held:
    """What the handlers of one unit of work hold on to; scoped."""

    def __init__(self) -> None:
        self.path = ""
        self.counter: Meeting | None = None

    @property
    def id(self) -> UUID:
        return uuid5(NAMESPACE_OID, self.path)


@dataclass(frozen=True)
class Following:
    """A place in a script, in a handler without a session."""

    path: str
    done: Trace
    handler: CommandHandler[Any, Any] | EventHandler[Any] | None

    async def follow(self, script: Script) -> None:
        for number, step in enumerate(script):
            here = self.at(str(number))
            self.done.append(here.path)
            await asyncio.sleep(0)  # so that handlers may overlap
            await step.run(here)

    def at(self, place: str) -> Self:
        return replace(self, path=f"{self.path}.{place}")

    async def record(self, event: Event, by: str) -> None:
        assert self.handler is not None
        self.handler.record(event)


@dataclass(frozen=True)
class Running(Following):
    """A place in a script, in a unit of work."""

    unit: UnitOfWork
    mediator: Mediator

    @property
    def session(self) -> AsyncSession:
        return self.unit.session

    @property
    def held(self) -> Held:
        return self.unit.resolve(Held)

    def add(self, *objects: object) -> None:
        """Add to the session, as whoever looks first does: what a failed flush rolled back takes nothing more."""
        if not self.session.is_active:
            session = cast("FencedSession", self.session.sync_session)
            raise PendingRollbackError("added after a failed flush") from session.fence.failure
        self.session.add_all(objects)

    def opened(self) -> Self:
        """Say by which path the unit of work is known: that of the script it was opened for."""
        self.held.path = self.held.path or self.path
        return self

    def inside(self, unit: UnitOfWork) -> Self:
        return replace(self, unit=unit)

    async def record(self, event: Event, by: str) -> None:
        if by == "handler" and self.handler is not None:
            self.handler.record(event)
        elif by == "recorder":
            self.unit.resolve(Recorder).record(event)
        elif by == "callable":
            self.unit.record(lambda: event)
        elif by.startswith("aggregate"):
            await self._record_by_aggregate(event, before=by == "aggregate before")
        else:
            self.unit.record(event)

    async def _record_by_aggregate(self, event: Event, *, before: bool) -> None:
        meeting = Meeting(seats=0, title=self.path)
        if before:
            Context().run(AggregateRoot.record, meeting, event)  # outside of every unit of work
        self.add(meeting)
        if not before:
            meeting.record(event)
        await self.session.flush()
