import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.meetings.demo.database import DemoError, demo_database
from examples.meetings.demo.demo import run_on
from examples.meetings.demo.lines import Line, read_lines
from examples.meetings.messages import BanUser, CancelMeeting, CreateMeeting, JoinMeeting, LeaveMeeting, WaitForSeat
from examples.meetings.write_commands import FILE
from uow_events import Command

FULL: list[Command[Any]] = [CreateMeeting("talk", 1), JoinMeeting("talk", "Ada")]


def numbered(commands: Sequence[Command[Any]], expect: str = "success") -> list[Line]:
    return [Line(number, expect, command=command) for number, command in enumerate(commands, start=1)]


async def outcome(engine: AsyncEngine, lines: Sequence[Line], wanted: int | None = None) -> tuple[bool, str]:
    console = Console(file=io.StringIO(), width=200)
    agrees = await run_on(engine, console, lines, wanted)
    assert isinstance(console.file, io.StringIO)
    return agrees, console.file.getvalue()


async def test_the_shipped_input_ends_as_it_says(meetings_engine: AsyncEngine) -> None:
    lines = read_lines(FILE)
    agrees, shown = await outcome(meetings_engine, lines)
    assert agrees, shown
    assert f"{len(lines)} of {len(lines)} lines ended as expected; the counts agree." in shown
    assert "49 x MeetingFull, 1 x success (as expected)" in shown
    assert "DIFFERS" not in shown


async def test_the_tree_of_the_deepest_chain_is_shown_with_its_outbox_rows(meetings_engine: AsyncEngine) -> None:
    lines = numbered([*FULL, WaitForSeat("talk", "Boris"), LeaveMeeting("talk", "Ada")])
    _, shown = await outcome(meetings_engine, lines)
    tree = shown[shown.index("line 4: committed") : shown.index("Lines that failed")]
    expected = [
        "LeaveMeeting(meeting='talk', user='Ada')",
        "LeaveMeetingHandler",
        "UserLeft(meeting='talk', user='Ada')",
        "RemoveAttendance",
        "OfferSeatToNextInLine",
        "JoinMeeting(meeting='talk', user='Boris')",
        "JoinMeetingHandler",
        "UserJoined(meeting='talk', user='Boris', seats_left=0)",
        "RegisterAttendance",
        "AttendanceRegistered(meeting='talk', user='Boris', ticket=2)  built after the flush",
        "OrderBadge",
        "BadgeOrdered(user='Boris', ticket=2)",
        "AdmitToBuilding",
        "KeepAudit",
        "InvitationAccepted(meeting='talk', user='Boris', ticket=2)  "
        "-> outbox row 4, topic meetings.invitations, key talk",
        "KeepAudit",
        "leave_waiting_list",
        "count_joins",
        "MeetingFilled(meeting='talk')  -> outbox row 3, topic meetings.filled, key talk",
        "KeepAudit",
        "KeepAudit",
        "KeepAudit",
    ]
    assert [line.strip("│├└─ ") for line in without_times(tree)[1:-2]] == expected


def without_times(tree: str) -> list[str]:
    return [line.rstrip().partition(" ms")[0].rstrip("0123456789.").rstrip() for line in tree.splitlines()]


async def test_a_wanted_line_is_shown_and_says_what_failed(meetings_engine: AsyncEngine) -> None:
    lines = numbered([CreateMeeting("talk", 2), BanUser("Mallory"), JoinMeeting("talk", "Mallory")])
    agrees, shown = await outcome(meetings_engine, lines, wanted=3)
    assert not agrees
    assert "line 3: rolled back after" in shown
    assert " ms  UserIsBanned" in shown
    assert "-> no outbox row: rolled back" in shown
    assert (
        "    undone: JoinMeetingHandler, RegisterAttendance, leave_waiting_list, count_joins, KeepAudit x 2, "
        "OrderBadge, AdmitToBuilding; events: 4, rows for the outbox: 0\n"
    ) in shown


async def test_a_success_that_should_have_failed_is_a_mismatch(meetings_engine: AsyncEngine) -> None:
    agrees, shown = await outcome(meetings_engine, numbered(FULL, expect="MeetingFull"))
    assert not agrees
    assert "line 1 ended in success, expected was MeetingFull" in shown
    assert "0 of 2 lines ended as expected; the counts agree." in shown


async def test_another_error_than_the_expected_one_is_a_mismatch(meetings_engine: AsyncEngine) -> None:
    agrees, shown = await outcome(meetings_engine, [Line(5, "MeetingFull", command=CancelMeeting("talk"))])
    assert not agrees
    assert "line 5: CancelMeeting(meeting='talk'): MeetingNotFound: there is no meeting talk" in shown
    assert "line 5 ended in MeetingNotFound, expected was MeetingFull" in shown


async def test_a_database_that_holds_something_else_differs(meetings_engine: AsyncEngine) -> None:
    async with meetings_engine.begin() as connection:
        await connection.execute(text("INSERT INTO banned_user VALUES ('Eve')"))
    agrees, shown = await outcome(meetings_engine, numbered(FULL))
    assert not agrees
    assert "2 of 2 lines ended as expected; the counts DIFFER." in shown
    assert [row for row in shown.splitlines() if "DIFFERS" in row and "banned users" in row]


async def test_input_is_shown_and_not_obeyed(meetings_engine: AsyncEngine) -> None:
    lines = [*numbered([BanUser("[red]x[/nonsense]")]), Line(2, "success", problem="no \x1b[31m field")]
    _, shown = await outcome(meetings_engine, lines)
    assert "BanUser(user='[red]x[/nonsense]')" in shown
    assert "line 2: invalid: no \N{REPLACEMENT CHARACTER}[31m field (expected: success)" in shown


async def test_a_database_that_is_in_use_is_refused(meetings_engine: AsyncEngine) -> None:
    await outcome(meetings_engine, numbered(FULL))
    with pytest.raises(DemoError, match="holds meetings or outbox rows already: name an empty one$"):
        await enter(meetings_engine.url)


async def test_a_database_that_is_not_there_is_named_without_its_password(database_url: URL) -> None:
    with pytest.raises(
        DemoError, match=r"^The database postgresql\+asyncpg://.*no_such_database.* could not be"
    ) as failure:
        await enter(database_url.set(database="no_such_database", password="secret"))
    assert "secret" not in str(failure.value)


async def enter(url: URL) -> None:
    async with demo_database({"UOW_EVENTS_DATABASE_URL": url.render_as_string(hide_password=False)}):
        pass


async def test_what_is_no_url_is_not_repeated() -> None:
    with pytest.raises(DemoError, match="^UOW_EVENTS_DATABASE_URL is not a URL such as postgresql://"):
        async with demo_database({"UOW_EVENTS_DATABASE_URL": "secret"}):
            pass


def test_the_shipped_input_has_a_few_hundred_lines() -> None:
    assert len(Path(FILE).read_text("utf-8").splitlines()) > 200
