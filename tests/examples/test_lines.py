from pathlib import Path

import pytest

from examples.meetings import write_commands
from examples.meetings.demo.lines import Line, parse_line, read_lines
from examples.meetings.messages import BanUser, CreateMeeting, JoinMeeting

BAN = b'{"command": "BanUser", "user": "x"}'


def test_a_line_becomes_a_command() -> None:
    line = parse_line(7, b'{"command": "JoinMeeting", "meeting": "a", "user": "b", "expect": "MeetingFull"}')
    assert line == Line(7, "MeetingFull", command=JoinMeeting("a", "b"))


def test_success_is_expected_where_a_line_does_not_say() -> None:
    assert parse_line(1, BAN) == Line(1, "success", command=BanUser("x"))


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_blank_lines_are_skipped_and_counted(tmp_path: Path, ends: bytes, bom: bytes) -> None:
    file = tmp_path / "input.jsonl"
    file.write_bytes(bom + ends.join([BAN, b"", b"  ", BAN]))
    assert [line.number for line in read_lines(file)] == [1, 4]
    assert all(line.command == BanUser("x") for line in read_lines(file))


def test_a_line_separator_inside_of_a_string_ends_no_line(tmp_path: Path) -> None:
    file = tmp_path / "input.jsonl"
    file.write_text('{"command": "BanUser", "user": "a\u2028b"}', encoding="utf-8")
    assert read_lines(file) == [Line(1, "success", command=BanUser("a\u2028b"))]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"command": "BanUser"', "broken JSON: Input data was truncated"),
        ('["BanUser"]', "no JSON object that can be read: Expected `object`, got `array`"),
        ('{"deep": ' + "[" * 10_000, "broken JSON: maximum recursion depth exceeded while deserializing an object"),
        ("{}", "unknown command None; there are"),
        ('{"command": ["BanUser"]}', "unknown command ['BanUser']; there are"),
        (
            '{"command": "Ban"}',
            "unknown command 'Ban'; there are CreateMeeting, JoinMeeting, LeaveMeeting, WaitForSeat,",
        ),
        ('{"command": "BanUser", "user": "x", "why": 1}', "BanUser has no field 'why'"),
        ('{"command": "BanUser"}', "BanUser: Object missing required field `user`"),
        ('{"command": "BanUser", "user": 1}', "BanUser: Expected `str`, got `int` - at `$.user`"),
        ('{"command": "BanUser", "user": ""}', "BanUser: Expected `str` of length >= 1 - at `$.user`"),
        ('{"command": "BanUser", "user": "a\\u0000"}', "BanUser: Expected `str` matching regex"),
        ('{"command": "BanUser", "user": "a\\n"}', "BanUser: Expected `str` matching regex"),
        ('{"command": "CreateMeeting", "meeting": "m", "seats": "5"}', "CreateMeeting: Expected `int`, got `str`"),
        ('{"command": "BanUser", "user": "x", "expect": 1}', '"expect" must be the name of an error, "invalid" or'),
    ],
)
def test_a_bad_line_says_what_is_wrong(text: str, problem: str) -> None:
    line = parse_line(1, text.encode())
    assert line.command is None
    assert line.problem.startswith(problem)


def test_a_line_that_is_not_utf_8_is_bad() -> None:
    assert parse_line(1, b'{"user": "\xff"}').problem.startswith("broken JSON: 'utf-8' codec can't decode")


def test_a_line_of_broken_json_can_still_say_how_it_should_end() -> None:
    assert parse_line(1, b'{"expect": "invalid", "user": ').expect == "invalid"


def test_what_a_string_says_is_no_expectation() -> None:
    text = b'{"command": "CreateMeeting", "meeting": "\\"expect\\": \\"x\\"", "seats": 1}'
    assert parse_line(1, text) == Line(1, "success", command=CreateMeeting('"expect": "x"', 1))


def test_the_shipped_input_is_what_its_script_writes() -> None:
    assert write_commands.FILE.read_bytes() == "".join(f"{line}\n" for line in write_commands.lines()).encode()
