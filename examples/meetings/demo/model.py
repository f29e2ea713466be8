"""The same domain in plain Python, without database or framework: what the commands should leave behind."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from examples.meetings.messages import (
    BanUser,
    CancelMeeting,
    CreateMeeting,
    JoinMeeting,
    LeaveMeeting,
    WaitForSeat,
)
from uow_events import Command


@dataclass(slots=True)
class ModelMeeting:
    seats_left: int
    cancelled: bool = False
    attending: set[str] = field(default_factory=set[str])
    waiting: list[str] = field(default_factory=list[str])


class Model:
    """apply() says how a command ends, and changes nothing where that is an error."""

    def __init__(self) -> None:
        self.meetings: dict[str, ModelMeeting] = {}
        self.banned: set[str] = set()
        self.audit: Counter[str] = Counter()
        self.outbox: Counter[str] = Counter()

    def apply(self, command: Command[Any]) -> str:
        """Return the name of the error that the command should end in, or "success"."""
        return self.rules()[type(command)](command) or "success"

    def rules(self) -> Mapping[type, Callable[[Any], str | None]]:
        return {
            CreateMeeting: self.create,
            JoinMeeting: lambda c: self.with_meeting(c, lambda m: self.join(m, c.user)),
            LeaveMeeting: lambda c: self.with_meeting(c, lambda m: self.leave(m, c.user)),
            WaitForSeat: lambda c: self.with_meeting(c, lambda m: self.wait(m, c.user)),
            CancelMeeting: lambda c: self.with_meeting(c, self.cancel),
            BanUser: self.ban,
        }

    def with_meeting(self, command: Any, rule: Callable[[ModelMeeting], str | None]) -> str | None:
        meeting = self.meetings.get(command.meeting)
        return rule(meeting) if meeting else "MeetingNotFound"

    def create(self, command: CreateMeeting) -> str | None:
        if command.meeting in self.meetings:
            return "MeetingExists"
        self.meetings[command.meeting] = ModelMeeting(command.seats)
        self.audit["MeetingCreated"] += 1
        return None

    def join(self, meeting: ModelMeeting, user: str) -> str | None:
        if user in meeting.attending:
            return "AlreadyJoined"
        if meeting.cancelled:
            return "MeetingIsCancelled"
        if not meeting.seats_left:
            return "MeetingFull"
        if user in self.banned:
            return "UserIsBanned"
        self.seat(meeting, user)
        return None

    def seat(self, meeting: ModelMeeting, user: str) -> None:
        meeting.seats_left -= 1
        meeting.attending.add(user)
        meeting.waiting = [other for other in meeting.waiting if other != user]
        self.audit.update(["UserJoined", "AttendanceRegistered", "BadgeOrdered"])
        self.outbox["meetings.invitations"] += 1
        if not meeting.seats_left:
            self.audit["MeetingFilled"] += 1
            self.outbox["meetings.filled"] += 1

    def leave(self, meeting: ModelMeeting, user: str) -> str | None:
        if meeting.cancelled:
            return "MeetingIsCancelled"
        if user not in meeting.attending:
            return "NotJoined"
        next_in_line = meeting.waiting[0] if meeting.waiting else None
        if next_in_line in self.banned:
            return "UserIsBanned"
        meeting.attending.remove(user)
        meeting.seats_left += 1
        self.audit["UserLeft"] += 1
        if next_in_line is not None:
            self.seat(meeting, next_in_line)
        return None

    def wait(self, meeting: ModelMeeting, user: str) -> str | None:
        if meeting.cancelled:
            return "MeetingIsCancelled"
        if user in meeting.attending:
            return "AlreadyJoined"
        if user in meeting.waiting:
            return "AlreadyWaiting"
        if meeting.seats_left:
            return "SeatsAvailable"
        meeting.waiting.append(user)
        return None

    def cancel(self, meeting: ModelMeeting) -> str | None:
        if meeting.cancelled:
            return "MeetingIsCancelled"
        self.outbox["meetings.cancellations"] += len(meeting.attending)
        meeting.cancelled = True
        meeting.attending.clear()
        meeting.waiting.clear()
        self.audit["MeetingCancelled"] += 1
        return None

    def ban(self, command: BanUser) -> str | None:
        if command.user in self.banned:
            return "AlreadyBanned"
        self.banned.add(command.user)
        self.audit["UserBanned"] += 1
        return None
