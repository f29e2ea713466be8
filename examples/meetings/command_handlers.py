"""One handler per command. None of them commits: the mediator does, after all that follows has succeeded."""

from examples.meetings.domain import Meeting
from examples.meetings.errors import AlreadyBanned, AlreadyJoined, AlreadyWaiting, MeetingExists, NotJoined
from examples.meetings.messages import (
    BanUser,
    CancelMeeting,
    CreateMeeting,
    JoinMeeting,
    LeaveMeeting,
    UserBanned,
    WaitForSeat,
)
from examples.meetings.repositories import Attendances, BannedUsers, Meetings, WaitingList
from uow_events import CommandHandler, Recorder, Registry

handlers = Registry()


@handlers.command_handler
class CreateMeetingHandler(CommandHandler[CreateMeeting, None]):
    def __init__(self, meetings: Meetings) -> None:
        self.meetings = meetings

    async def handle(self, command: CreateMeeting, /) -> None:
        if await self.meetings.exists(command.meeting):
            raise MeetingExists(f"{command.meeting} exists already")
        self.meetings.add(Meeting.plan(command.meeting, command.seats))


@handlers.command_handler
class JoinMeetingHandler(CommandHandler[JoinMeeting, int]):
    def __init__(self, meetings: Meetings, attendances: Attendances) -> None:
        self.meetings = meetings
        self.attendances = attendances

    async def handle(self, command: JoinMeeting, /) -> int:
        meeting = await self.meetings.get(command.meeting)
        if await self.attendances.has(command.meeting, command.user):
            raise AlreadyJoined(f"{command.user} has a seat in {command.meeting} already")
        return meeting.join(command.user)


@handlers.command_handler
class LeaveMeetingHandler(CommandHandler[LeaveMeeting, None]):
    def __init__(self, meetings: Meetings, attendances: Attendances) -> None:
        self.meetings = meetings
        self.attendances = attendances

    async def handle(self, command: LeaveMeeting, /) -> None:
        meeting = await self.meetings.get(command.meeting)
        meeting.check_takes_place()
        if not await self.attendances.has(command.meeting, command.user):
            raise NotJoined(f"{command.user} has no seat in {command.meeting}")
        meeting.leave(command.user)


@handlers.command_handler
class CancelMeetingHandler(CommandHandler[CancelMeeting, None]):
    def __init__(self, meetings: Meetings) -> None:
        self.meetings = meetings

    async def handle(self, command: CancelMeeting, /) -> None:
        (await self.meetings.get(command.meeting)).cancel()


@handlers.command_handler(WaitForSeat)
async def wait_for_seat(
    command: WaitForSeat, meetings: Meetings, attendances: Attendances, waiting: WaitingList
) -> int:
    meeting = await meetings.get(command.meeting)
    meeting.check_takes_place()
    if await attendances.has(command.meeting, command.user):
        raise AlreadyJoined(f"{command.user} has a seat in {command.meeting} already")
    if await waiting.has(command.meeting, command.user):
        raise AlreadyWaiting(f"{command.user} waits for a seat in {command.meeting} already")
    meeting.check_full()
    return await waiting.append(command.meeting, command.user)


@handlers.command_handler
async def ban_user(command: BanUser, banned: BannedUsers, recorder: Recorder) -> None:
    if await banned.has(command.user):
        raise AlreadyBanned(f"{command.user} is banned already")
    banned.add(command.user)
    recorder.record(UserBanned(command.user))
