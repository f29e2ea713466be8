"""What type checkers infer of messages and handlers; checked by mypy and pyright, run by nobody."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from dataclasses import dataclass
from typing import assert_type

from uow_events import Command, CommandHandler, DomainEvent, EventHandler, Mediator, Recorder, Registry


@dataclass(frozen=True, slots=True)
class JoinMeeting(Command[int]):
    seats: int


@dataclass(frozen=True, slots=True)
class CloseMeeting(Command):
    reason: str


@dataclass(frozen=True, slots=True)
class UserJoined(DomainEvent):
    user: str


handlers = Registry()


@handlers.command_handler
class JoinMeetingHandler(CommandHandler[JoinMeeting, int]):
    def __init__(self, seats: int) -> None:
        self.seats = seats

    async def handle(self, command: JoinMeeting) -> int:
        return command.seats


@handlers.command_handler
async def close(command: CloseMeeting) -> None: ...


@handlers.command_handler(JoinMeeting)
async def join(command: JoinMeeting, recorder: Recorder) -> int:
    return command.seats


@handlers.command_handler(JoinMeeting)
def join_at_once(command: JoinMeeting) -> int:
    return command.seats


@handlers.command_handler(JoinMeeting)  # type: ignore[arg-type]
async def join_wrongly(command: JoinMeeting) -> str:
    return "one"


@handlers.event_handler
class RecordAttendance(EventHandler[UserJoined]):
    def __init__(self, table: str) -> None:
        self.table = table

    async def handle(self, event: UserJoined) -> None:
        self.record(event)


@handlers.event_handler
async def count(event: UserJoined) -> None: ...


@handlers.event_handler(UserJoined)
async def count_again(event: UserJoined, recorder: Recorder) -> None: ...


class Wrong(CommandHandler[JoinMeeting, int]):
    async def handle(self, command: JoinMeeting) -> str:  # type: ignore[override]
        return "one"


async def sending_infers_the_response(mediator: Mediator) -> None:
    assert_type(await mediator.send(JoinMeeting(1)), int)
    assert_type(await mediator.send(CloseMeeting("late")), None)
    await mediator.send(UserJoined("ann"))  # type: ignore[arg-type]


async def decorators_return_what_they_decorate() -> None:
    assert_type(JoinMeetingHandler(1), JoinMeetingHandler)
    assert_type(JoinMeetingHandler(1).seats, int)
    assert_type(await JoinMeetingHandler(1).handle(JoinMeeting(1)), int)
    assert_type(RecordAttendance("attendance").table, str)
    assert_type(await close(CloseMeeting("late")), None)
    assert_type(await count(UserJoined("ann")), None)
    count("ann")  # type: ignore[arg-type,unused-coroutine]


async def a_called_decorator_keeps_the_function(recorder: Recorder) -> None:
    assert_type(await count_again(UserJoined("ann"), recorder), None)
    assert_type(await join(JoinMeeting(1), recorder), int)
    assert_type(join_at_once(JoinMeeting(1)), int)
