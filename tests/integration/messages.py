"""The messages of the integration tests."""

from dataclasses import dataclass
from uuid import UUID

from uow_events import Command, DomainEvent, NotificationEvent


@dataclass(frozen=True, slots=True)
class Do(Command[object]):
    """Run whatever the test wants to happen in a handler."""

    what: str = ""


@dataclass(frozen=True, slots=True)
class Inner(Command[object]):
    what: str = ""


@dataclass(frozen=True, slots=True)
class Happened(DomainEvent):
    name: str = ""


@dataclass(frozen=True, slots=True)
class Followed(DomainEvent):
    name: str = ""


@dataclass(frozen=True, slots=True)
class Told(NotificationEvent, topic="tests.told", key="about"):
    about: str = ""


@dataclass(frozen=True, slots=True)
class MeetingOpened(DomainEvent):
    meeting_id: UUID
