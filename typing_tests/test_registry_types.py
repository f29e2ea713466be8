"""What type checkers infer of each form of registration; checked by mypy and pyright, run by nobody."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from dataclasses import dataclass
from typing import Any, assert_type

from uow_events import Command, CommandHandler, DomainEvent, EventHandler, Mediator, Query, QueryHandler, Registry


@dataclass(frozen=True, slots=True)
class JoinMeeting(Command[int]):
    meeting_id: int
    user: str


@dataclass(frozen=True, slots=True)
class CloseMeeting(Command):
    meeting_id: int


@dataclass(frozen=True, slots=True)
class FindMeeting(Query[str | None]):
    meeting_id: int


@dataclass(frozen=True, slots=True)
class UserJoined(DomainEvent):
    user: str


handlers = Registry()


class Meeting:
    def join(self, user: str) -> int:
        return len(user)

    async def join_slowly(self, user: str) -> int:
        return len(user)

    def join_wrongly(self, user: str) -> str:
        return user

    def close(self) -> None: ...

    @classmethod
    def create(cls, user: str) -> "Meeting":
        return cls()


def aggregate_handlers_keep_their_methods(meeting: Meeting) -> None:
    assert_type(handlers.aggregate_handler(JoinMeeting, Meeting.join, identity="meeting_id")(meeting, "ann"), int)
    handlers.aggregate_handler(JoinMeeting, Meeting.join_slowly, identity={"id": "meeting_id"}, records=(UserJoined,))
    handlers.aggregate_handler(CloseMeeting, Meeting.close, identity="meeting_id", transaction=None)
    assert_type(handlers.aggregate_handler(JoinMeeting, Meeting.create)("ann"), Meeting)
    handlers.aggregate_handler(JoinMeeting, Meeting.join_wrongly, identity="meeting_id")  # type: ignore[arg-type]
    handlers.aggregate_handler(JoinMeeting, Meeting.join, identity=3)  # type: ignore[call-overload]
    handlers.aggregate_handler(FindMeeting, Meeting.join, identity="meeting_id")  # type: ignore[arg-type]


@handlers.command_handler(repeatable=False, idempotent=True, records=(UserJoined,))
class JoinHandler(CommandHandler[JoinMeeting, int]):
    def __init__(self, limit: int) -> None:
        self.limit = limit

    async def handle(self, command: JoinMeeting) -> int:
        return self.limit


@handlers.query_handler
class FindHandler(QueryHandler[FindMeeting, str | None]):
    def __init__(self, name: str) -> None:
        self.name = name

    async def handle(self, query: FindMeeting) -> str | None:
        return self.name


@handlers.event_handler(on_error="continue", phase="after_commit")
class Attend(EventHandler[UserJoined]):
    def __init__(self, table: str) -> None:
        self.table = table

    async def handle(self, event: UserJoined) -> None: ...


class Wrong(QueryHandler[FindMeeting, str]):
    async def handle(self, query: FindMeeting) -> int:  # type: ignore[override]
        return 1


@handlers.command_handler(inner_commit="flush")
async def close(command: CloseMeeting) -> None: ...


@handlers.command_handler(JoinMeeting, transaction=None)
async def join(command: JoinMeeting) -> int:
    return 1


@handlers.command_handler(JoinMeeting, repeatable=False)  # type: ignore[arg-type]
async def join_wrongly(command: JoinMeeting) -> str:
    return ""


@handlers.query_handler(FindMeeting, transaction=None)
async def find(query: FindMeeting, limit: int) -> str | None:
    return None


@handlers.query_handler(FindMeeting)  # type: ignore[arg-type]
async def find_wrongly(query: FindMeeting) -> int:
    return 1


@handlers.query_handler(transaction=None)
def find_at_once(query: FindMeeting) -> str | None:
    return None


@handlers.event_handler(UserJoined, records=(UserJoined,))
async def count(event: UserJoined) -> None: ...


@handlers.event_handler()
async def count_again(event: UserJoined) -> None: ...


async def every_form_keeps_what_it_is_given() -> None:
    assert_type(JoinHandler(1).limit, int)
    assert_type(FindHandler("a").name, str)
    assert_type(Attend("attendance").table, str)
    assert_type(await close(CloseMeeting(1)), None)
    assert_type(await join(JoinMeeting(1, "ann")), int)
    assert_type(await find(FindMeeting(1), 3), str | None)
    assert_type(find_at_once(FindMeeting(1)), str | None)
    assert_type(await count(UserJoined("ann")), None)
    assert_type(await count_again(UserJoined("ann")), None)
    assert_type(handlers.command_handler(JoinHandler, transaction=None)(1).limit, int)
    assert_type(handlers.query_handler(FindHandler)("a").name, str)
    assert_type(handlers.event_handler(Attend, on_error="rollback")("a").table, str)
    find("x", 3)  # type: ignore[arg-type,unused-coroutine]


def options_that_do_not_exist_are_refused() -> None:
    handlers.command_handler(JoinHandler, phase="after_commit")  # type: ignore[call-overload]
    handlers.command_handler(repeatable="no")  # type: ignore[call-overload]
    handlers.query_handler(FindHandler, repeatable=False)  # type: ignore[call-overload]
    handlers.event_handler(on_error="ignore")  # type: ignore[call-overload]
    handlers.event_handler(Attend, phase="before_commit")  # type: ignore[call-overload]


async def sending_infers_the_response(mediator: Mediator, anything: Query[Any]) -> None:
    assert_type(await mediator.send(JoinMeeting(1, "ann")), int)
    assert_type(await mediator.send(CloseMeeting(1)), None)
    assert_type(await mediator.send(FindMeeting(1)), str | None)
    answer: int = await mediator.send(FindMeeting(1))  # type: ignore[arg-type]
    assert answer
