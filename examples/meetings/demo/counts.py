"""The closing table: what the model says the database holds, beside what it does hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.meetings.demo.model import Model
from examples.meetings.demo.outbox import OUTBOX
from examples.meetings.domain import Attendance, AuditEntry, Badge, BannedUser, Base, JoinCount, Meeting, Waiting


@dataclass(frozen=True, slots=True)
class Count:
    name: str
    expected: int
    found: int

    @property
    def agrees(self) -> bool:
        return self.expected == self.found


async def compare(engine: AsyncEngine, model: Model) -> list[Count]:
    """Count in the database, and set it beside what the model expects."""
    found = await read(engine)
    expected = expectations(model)
    return [Count(name, expected.get(name, 0), found.get(name, 0)) for name in dict.fromkeys([*expected, *found])]


def expectations(model: Model) -> Mapping[str, int]:
    meetings = model.meetings.values()
    attending = sum(len(meeting.attending) for meeting in meetings)
    return {
        "meetings": len(meetings),
        "meetings cancelled": sum(meeting.cancelled for meeting in meetings),
        "seats left": sum(meeting.seats_left for meeting in meetings),
        "attendances": attending,
        "badges": attending,
        "people waiting": sum(len(meeting.waiting) for meeting in meetings),
        "banned users": len(model.banned),
        "joins counted": model.audit["UserJoined"],
        **{f"audit: {event}": number for event, number in sorted(model.audit.items())},
        **{f"outbox: {topic}": number for topic, number in sorted(model.outbox.items())},
    }


async def read(engine: AsyncEngine) -> Mapping[str, int]:
    single: dict[str, Any] = {
        "meetings": rows_of(Meeting),
        "meetings cancelled": rows_of(Meeting).where(Meeting.is_cancelled),
        "seats left": select(func.coalesce(func.sum(Meeting.seats_left), 0)),
        "attendances": rows_of(Attendance),
        "badges": rows_of(Badge),
        "people waiting": rows_of(Waiting),
        "banned users": rows_of(BannedUser),
        "joins counted": select(func.coalesce(func.sum(JoinCount.joins), 0)),
    }
    groups: dict[str, Any] = {
        "audit": select(AuditEntry.event, func.count()).group_by(AuditEntry.event),
        "outbox": select(OUTBOX.c.topic, func.count()).group_by(OUTBOX.c.topic),
    }
    async with engine.connect() as connection:
        found = {name: await connection.scalar(query) or 0 for name, query in single.items()}
        for group, query in groups.items():
            found |= {f"{group}: {name}": number for name, number in await connection.execute(query)}
    return found


def rows_of(model: type[Base]) -> Select[Any]:
    return select(func.count()).select_from(model)
