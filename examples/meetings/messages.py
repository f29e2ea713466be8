"""Everything that is said in this application: commands, domain events, notification events."""

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from uow_events import Command, DomainEvent, NotificationEvent

# Checked where commands come in from outside (demo/lines.py); PostgreSQL's text cannot hold NUL.
Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Seats = Annotated[int, Meta(ge=1, le=10_000)]


@dataclass(frozen=True, slots=True)
class CreateMeeting(Command):
    meeting: Name
    seats: Seats


@dataclass(frozen=True, slots=True)
class JoinMeeting(Command[int]):
    """Returns how many seats are left."""

    meeting: Name
    user: Name


@dataclass(frozen=True, slots=True)
class LeaveMeeting(Command):
    meeting: Name
    user: Name


@dataclass(frozen=True, slots=True)
class WaitForSeat(Command[int]):
    """Returns the position in the queue, 1 for the next in line."""

    meeting: Name
    user: Name


@dataclass(frozen=True, slots=True)
class CancelMeeting(Command):
    meeting: Name


@dataclass(frozen=True, slots=True)
class BanUser(Command):
    user: Name


COMMANDS: dict[str, type[Command[Any]]] = {
    command.__name__: command
    for command in (CreateMeeting, JoinMeeting, LeaveMeeting, WaitForSeat, CancelMeeting, BanUser)
}


class ApplicationEvent(DomainEvent):
    """Base of this application's domain events: a handler of it hears them all."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class MeetingCreated(ApplicationEvent):
    meeting: str
    seats: int


@dataclass(frozen=True, slots=True)
class UserJoined(ApplicationEvent):
    meeting: str
    user: str
    seats_left: int


@dataclass(frozen=True, slots=True)
class AttendanceRegistered(ApplicationEvent):
    meeting: str
    user: str
    ticket: int


@dataclass(frozen=True, slots=True)
class BadgeOrdered(ApplicationEvent):
    user: str
    ticket: int


@dataclass(frozen=True, slots=True)
class MeetingFilled(ApplicationEvent, NotificationEvent, topic="meetings.filled", key="meeting"):
    """Of both kinds: handled in process, then published."""

    meeting: str


@dataclass(frozen=True, slots=True)
class UserLeft(ApplicationEvent):
    meeting: str
    user: str


@dataclass(frozen=True, slots=True)
class MeetingCancelled(ApplicationEvent):
    meeting: str


@dataclass(frozen=True, slots=True)
class UserBanned(ApplicationEvent):
    user: str


@dataclass(frozen=True, slots=True)
class InvitationAccepted(NotificationEvent, topic="meetings.invitations", key="meeting"):
    meeting: str
    user: str
    ticket: int


@dataclass(frozen=True, slots=True)
class AttendeeDisinvited(NotificationEvent, topic="meetings.cancellations", key="meeting"):
    meeting: str
    user: str
