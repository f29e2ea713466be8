"""One command that changes an aggregate, whose event inserts a row: the mediator beside hand-written session code.

    make bench

Both do the same statements in the same database, in alternating rounds; the figure is the ratio of their medians.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Identity
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from uow_events import AggregateRoot, Command, DomainEvent, Mediator, Registry
from uow_events.embedded import EmbeddedPostgres

ROUNDS = 15
SENDS = 100


class Base(DeclarativeBase):
    pass


class Meeting(AggregateRoot, Base):
    __tablename__ = "meeting"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seats: Mapped[int]


class Attendance(Base):
    __tablename__ = "attendance"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    meeting_id: Mapped[UUID]


@dataclass(frozen=True, slots=True)
class Join(Command[int]):
    meeting_id: UUID


@dataclass(frozen=True, slots=True)
class Joined(DomainEvent):
    meeting_id: UUID


handlers = Registry()


@handlers.command_handler
async def join(command: Join, session: AsyncSession) -> int:
    meeting = await session.get_one(Meeting, command.meeting_id)
    meeting.seats -= 1
    meeting.record(Joined(meeting.id))
    return meeting.seats


@handlers.event_handler
async def attend(event: Joined, session: AsyncSession) -> None:
    session.add(Attendance(meeting_id=event.meeting_id))


async def by_hand(sessions: async_sessionmaker[AsyncSession], meeting_id: UUID) -> int:
    async with sessions() as session, session.begin():
        meeting = await session.get_one(Meeting, meeting_id)
        meeting.seats -= 1
        await session.flush()
        session.add(Attendance(meeting_id=meeting_id))
        return meeting.seats


async def seconds_for(work: Callable[[UUID], Awaitable[int]], meetings: list[UUID]) -> float:
    async def run(meeting: UUID) -> None:
        for _ in range(SENDS // len(meetings)):
            await work(meeting)

    start = time.perf_counter()
    await asyncio.gather(*[run(meeting) for meeting in meetings])
    return time.perf_counter() - start


async def compare(engine: AsyncEngine, concurrency: int) -> None:
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    mediator = Mediator(engine, handlers)
    meetings = [uuid4() for _ in range(concurrency)]
    async with sessions.begin() as session:
        session.add_all([Meeting(id=id, seats=10**6) for id in meetings])
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS + 1):
        ours.append(await seconds_for(lambda id: mediator.send(Join(id)), meetings))
        theirs.append(await seconds_for(lambda id: by_hand(sessions, id), meetings))
    ours_median, theirs_median = (statistics.median(times[1:]) / SENDS * 1e6 for times in (ours, theirs))
    print(
        f"concurrency {concurrency:2}: mediator {ours_median:6.0f} us, by hand {theirs_median:6.0f} us a command, "
        f"ratio {ours_median / theirs_median:.3f}"
    )


async def main() -> None:
    async with EmbeddedPostgres() as postgres:
        engine = create_async_engine(postgres.url, pool_size=10)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        for concurrency in (1, 10):
            await compare(engine, concurrency)
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
