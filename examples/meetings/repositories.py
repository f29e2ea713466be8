"""Plain repository code on the session: none of it knows of transactions, and none commits."""

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from examples.meetings.domain import Attendance, BannedUser, JoinCount, Meeting, Waiting
from examples.meetings.errors import MeetingNotFound


class Meetings:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, id: str) -> Meeting:
        """Return a meeting, locked: who else wants a seat waits until this transaction has ended."""
        meeting = await self.session.get(Meeting, id, with_for_update=True)
        if meeting is None:
            raise MeetingNotFound(f"there is no meeting {id}")
        return meeting

    async def exists(self, id: str) -> bool:
        return await self.session.get(Meeting, id) is not None

    def add(self, meeting: Meeting) -> None:
        self.session.add(meeting)


class Attendances:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def has(self, meeting: str, user: str) -> bool:
        found = select(Attendance.ticket).where(Attendance.meeting_id == meeting, Attendance.user == user)
        return await self.session.scalar(found) is not None

    async def users_of(self, meeting: str) -> list[str]:
        users = select(Attendance.user).where(Attendance.meeting_id == meeting).order_by(Attendance.ticket)
        return list(await self.session.scalars(users))

    def add(self, attendance: Attendance) -> None:
        self.session.add(attendance)

    async def remove(self, meeting: str, user: str) -> None:
        mine = (Attendance.meeting_id == meeting, Attendance.user == user)
        await self.session.execute(delete(Attendance).where(*mine))

    async def remove_all(self, meeting: str) -> None:
        await self.session.execute(delete(Attendance).where(Attendance.meeting_id == meeting))


class WaitingList:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def append(self, meeting: str, user: str) -> int:
        self.session.add(Waiting(meeting_id=meeting, user=user))
        await self.session.flush()
        count = select(func.count()).select_from(Waiting).where(Waiting.meeting_id == meeting)
        return await self.session.scalar(count) or 0

    async def has(self, meeting: str, user: str) -> bool:
        found = select(Waiting.number).where(Waiting.meeting_id == meeting, Waiting.user == user)
        return await self.session.scalar(found) is not None

    async def first(self, meeting: str) -> str | None:
        line = select(Waiting.user).where(Waiting.meeting_id == meeting).order_by(Waiting.number).limit(1)
        return await self.session.scalar(line)

    async def remove(self, meeting: str, user: str) -> None:
        await self.session.execute(delete(Waiting).where(Waiting.meeting_id == meeting, Waiting.user == user))

    async def remove_all(self, meeting: str) -> None:
        await self.session.execute(delete(Waiting).where(Waiting.meeting_id == meeting))


class BannedUsers:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def has(self, user: str) -> bool:
        return await self.session.get(BannedUser, user) is not None

    def add(self, user: str) -> None:
        self.session.add(BannedUser(user=user))


class JoinCounts:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    def start(self, meeting: str) -> None:
        self.session.add(JoinCount(meeting_id=meeting, joins=0))

    async def add_one(self, meeting: str) -> None:
        counted = update(JoinCount).where(JoinCount.meeting_id == meeting).values(joins=JoinCount.joins + 1)
        await self.session.execute(counted)
