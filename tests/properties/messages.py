"""The messages that carry scripts; each knows its `path`: where in the script of which send it was made."""

from dataclasses import dataclass

from uow_events import Command, DomainEvent, NotificationEvent

Script = tuple[object, ...]
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Run(Command[str]):
    path: str
    script: Script


@dataclass(frozen=True, slots=True)
class RunOnce(Command[str]):
    path: str
    script: Script


@dataclass(frozen=True, slots=True)
class RunAgain(Command[str]):
    path: str
    script: Script
    conflicts: int


@dataclass(frozen=True, slots=True)
class Happened(DomainEvent):
    path: str
    script: Script
    beside: Script


@dataclass(frozen=True, slots=True)
class Passed(DomainEvent):
    path: str
    script: Script


@dataclass(frozen=True, slots=True)
class Tried(DomainEvent):
    path: str
    script: Script
    beside: Script


@dataclass(frozen=True, slots=True)
class TriedFirst(DomainEvent):
    path: str
    script: Script
    otherwise: Script


@dataclass(frozen=True, slots=True)
class Told(NotificationEvent, topic="properties.told", key="path"):
    path: str


@dataclass(frozen=True, slots=True)
class Announced(DomainEvent, NotificationEvent, topic="properties.announced", key="path"):
    path: str
    script: Script
