"""What follows. Each handler runs in the transaction of the command, and may record follow-ups into it.

The chain of a join: UserJoined -> AttendanceRegistered -> BadgeOrdered; the last one can still refuse all of it.
"""

from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from examples.meetings.clock import Clock
from examples.meetings.domain import Attendance, AuditEntry, Badge
from examples.meetings.errors import UserIsBanned
from examples.meetings.messages import (
    ApplicationEvent,
    AttendanceRegistered,
    AttendeeDisinvited,
    BadgeOrdered,
    InvitationAccepted,
    JoinMeeting,
    MeetingCancelled,
    MeetingCreated,
    MeetingFilled,
    UserJoined,
    UserLeft,
)
from examples.meetings.repositories import Attendances, BannedUsers, JoinCounts, WaitingList
from uow_events import EventHandler, Mediator, Recorder, Registry

handlers = Registry()


@handlers.event_handler
async def start_counting(event: MeetingCreated, counts: JoinCounts) -> None:
    counts.start(event.meeting)


@handlers.event_handler
class RegisterAttendance(EventHandler[UserJoined]):
    def __init__(self, attendances: Attendances, clock: Clock) -> None:
        self.attendances = attendances
        self.clock = clock

    async def handle(self, event: UserJoined, /) -> None:
        attendance = Attendance(meeting_id=event.meeting, user=event.user, since=self.clock.now())
        self.attendances.add(attendance)
        # The database makes the ticket's number: the event is built after the flush that stores the attendance.
        self.record(lambda: AttendanceRegistered(event.meeting, event.user, attendance.ticket))


@handlers.event_handler
async def leave_waiting_list(event: UserJoined, waiting: WaitingList) -> None:
    await waiting.remove(event.meeting, event.user)


@handlers.event_handler
async def count_joins(event: UserJoined, counts: JoinCounts, recorder: Recorder) -> None:
    await counts.add_one(event.meeting)
    if not event.seats_left:
        recorder.record(MeetingFilled(event.meeting))


@handlers.event_handler
class OrderBadge(EventHandler[AttendanceRegistered]):
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def handle(self, event: AttendanceRegistered, /) -> None:
        self.session.add(Badge(ticket=event.ticket))
        self.record(BadgeOrdered(event.user, event.ticket))
        self.record(InvitationAccepted(event.meeting, event.user, event.ticket))


@handlers.event_handler
class AdmitToBuilding(EventHandler[BadgeOrdered]):
    """The doorkeeper, three levels down: its refusal undoes the seat, the attendance, the badge and the invitation."""

    def __init__(self, banned: BannedUsers) -> None:
        self.banned = banned

    async def handle(self, event: BadgeOrdered, /) -> None:
        if await self.banned.has(event.user):
            raise UserIsBanned(f"{event.user} does not get into the building")


@handlers.event_handler
class RemoveAttendance(EventHandler[UserLeft]):
    def __init__(self, attendances: Attendances) -> None:
        self.attendances = attendances

    async def handle(self, event: UserLeft, /) -> None:
        await self.attendances.remove(event.meeting, event.user)


@handlers.event_handler
class OfferSeatToNextInLine(EventHandler[UserLeft]):
    def __init__(self, waiting: WaitingList, mediator: Mediator) -> None:
        self.waiting = waiting
        self.mediator = mediator

    async def handle(self, event: UserLeft, /) -> None:
        user = await self.waiting.first(event.meeting)
        if user is not None:
            await self.mediator.send(JoinMeeting(event.meeting, user))  # joins this transaction


@handlers.event_handler
async def clear_meeting(
    event: MeetingCancelled, attendances: Attendances, waiting: WaitingList, recorder: Recorder
) -> None:
    recorder.record(*(AttendeeDisinvited(event.meeting, user) for user in await attendances.users_of(event.meeting)))
    await attendances.remove_all(event.meeting)
    await waiting.remove_all(event.meeting)


@handlers.event_handler
class KeepAudit(EventHandler[ApplicationEvent]):
    """Hears every domain event of the application, as a handler of their base class."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self.session = session
        self.clock = clock

    async def handle(self, event: ApplicationEvent, /) -> None:
        details: dict[str, Any] = msgspec.to_builtins(event)
        self.session.add(AuditEntry(event=type(event).__name__, details=details, at=self.clock.now()))
