"""Writes commands.jsonl, the demo's input: `python -m examples.meetings.write_commands`. The same lines every time."""

import json
from collections.abc import Iterator
from pathlib import Path

FILE = Path(__file__).with_name("commands.jsonl")
PEOPLE = ("Ada", "Boris", "Chiara", "Dmitri", "Elif", "Femi", "Grete", "Hao", "Inés", "Jörg", "Kofi", "Léa")
MEETINGS = {
    f"{kind}-{number}": 2 + (number * 3) % 8 for kind in ("standup", "review", "talk") for number in range(1, 9)
}
BANNED = ("Mallory", "Trudy")


def lines() -> Iterator[str]:
    yield from created()
    for meeting, seats in MEETINGS.items():
        yield from filled(meeting, seats)
    for meeting in MEETINGS:
        if meeting.startswith("standup"):
            yield from one_leaves(meeting)
    yield from banned()
    yield from refused()
    yield from broken()
    yield from cancelled()


def line(command: str, expect: str | None = None, **fields: object) -> str:
    ending = {"expect": expect} if expect else {}
    return json.dumps({"command": command} | fields | ending, ensure_ascii=False)


def created() -> Iterator[str]:
    for meeting, seats in MEETINGS.items():
        yield line("CreateMeeting", meeting=meeting, seats=seats)
    yield line("CreateMeeting", "MeetingExists", meeting="talk-1", seats=3)


def filled(meeting: str, seats: int) -> Iterator[str]:
    """Take every seat; one more finds the meeting full, and waits where it is a standup."""
    for user in PEOPLE[:seats]:
        yield line("JoinMeeting", meeting=meeting, user=user)
    late = PEOPLE[seats]
    yield line("JoinMeeting", "MeetingFull", meeting=meeting, user=late)
    if meeting.startswith("standup"):
        yield line("WaitForSeat", meeting=meeting, user=late)


def banned() -> Iterator[str]:
    """The failures at the third follow-up level: joins, and a seat offered to somebody who is banned."""
    for user in BANNED:
        yield line("BanUser", user=user)
    yield line("BanUser", "AlreadyBanned", user=BANNED[0])
    yield line("CreateMeeting", meeting="vault", seats=2)
    yield line("JoinMeeting", "UserIsBanned", meeting="vault", user="Mallory")
    yield line("JoinMeeting", meeting="vault", user="Ada")
    yield line("JoinMeeting", "UserIsBanned", meeting="vault", user="Trudy")
    yield line("JoinMeeting", meeting="vault", user="Boris")
    yield line("WaitForSeat", meeting="vault", user="Mallory")
    yield line("LeaveMeeting", "UserIsBanned", meeting="vault", user="Ada")


def one_leaves(meeting: str) -> Iterator[str]:
    """The seat goes to the one who waits, in the same transaction; the next seat stays free."""
    yield line("LeaveMeeting", meeting=meeting, user="Ada")
    yield line("JoinMeeting", "MeetingFull", meeting=meeting, user="Ada")
    yield line("LeaveMeeting", meeting=meeting, user="Boris")


def refused() -> Iterator[str]:
    yield line("JoinMeeting", "AlreadyJoined", meeting="talk-2", user="Ada")
    yield line("JoinMeeting", "MeetingNotFound", meeting="talk-99", user="Ada")
    yield line("LeaveMeeting", "NotJoined", meeting="talk-2", user="Léa")
    yield line("WaitForSeat", "SeatsAvailable", meeting="standup-1", user="Hao")
    yield line("WaitForSeat", "AlreadyJoined", meeting="talk-2", user="Ada")
    yield line("WaitForSeat", meeting="talk-2", user="Léa")
    yield line("WaitForSeat", "AlreadyWaiting", meeting="talk-2", user="Léa")


def broken() -> Iterator[str]:
    yield '{"command": "JoinMeeting", "meeting": "talk-3", "user": "Ada", "expect": "invalid"'
    yield '["JoinMeeting", {"expect": "invalid"}]'
    yield line("PostponeMeeting", "invalid", meeting="talk-3")
    yield line("JoinMeeting", "invalid", meeting="talk-3", person="Ada")
    yield line("JoinMeeting", "invalid", meeting="talk-3")
    yield line("JoinMeeting", "invalid", meeting="talk-3", user=7)
    yield line("CreateMeeting", "invalid", meeting="empty", seats=0)
    yield line("CreateMeeting", "invalid", meeting="nul\0", seats=1)


def cancelled() -> Iterator[str]:
    for meeting in ("talk-2", "talk-4", "review-8"):
        yield line("CancelMeeting", meeting=meeting)
    yield line("JoinMeeting", "MeetingIsCancelled", meeting="talk-2", user="Hao")
    yield line("CancelMeeting", "MeetingIsCancelled", meeting="talk-2")


if __name__ == "__main__":
    FILE.write_text("".join(f"{text}\n" for text in lines()), encoding="utf-8", newline="\n")
