"""Reads commands from lines of JSON. A line that is no command is a finding, not an error."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from examples.meetings.messages import COMMANDS
from uow_events import Command

SUCCESS = "success"
INVALID = "invalid"
EXPECT_IN_BROKEN_JSON = re.compile(rb'"expect"\s*:\s*"(\w+)"')


class InvalidLine(Exception):
    """The text says what is wrong with a line."""


class BrokenLine(InvalidLine):
    """It is no JSON object; how it should end can only be searched for in its text."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the input: a command, or the reason why it is none; `expect` is how it should end."""

    number: int
    expect: str
    command: Command[Any] | None = None
    problem: str = ""


def read_lines(path: Path) -> list[Line]:
    """Read a file in UTF-8, with or without a BOM, with any line ends; blank lines are skipped.

    Raises:
        OSError: it cannot be read.
    """
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    # Not splitlines(): characters that Python takes for line ends may stand inside of JSON.
    numbered = enumerate(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), start=1)
    return [parse_line(number, text) for number, text in numbered if text.strip()]


def parse_line(number: int, text: bytes) -> Line:
    expect = SUCCESS
    try:
        given = decode(text)
        expect = expected_end(given)
        return Line(number, expect, command=to_command(given))
    except BrokenLine as problem:
        said = EXPECT_IN_BROKEN_JSON.search(text)
        return Line(number, said[1].decode() if said else SUCCESS, problem=str(problem))
    except InvalidLine as problem:
        return Line(number, expect, problem=str(problem))


def decode(text: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.ValidationError as error:
        raise BrokenLine(f"no JSON object that can be read: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenLine(f"broken JSON: {error}") from error


def expected_end(given: dict[str, Any]) -> str:
    expect = given.pop("expect", SUCCESS)
    if not isinstance(expect, str):
        raise InvalidLine('"expect" must be the name of an error, "invalid" or "success"')
    return expect


def to_command(given: dict[str, Any]) -> Command[Any]:
    name = given.pop("command", None)
    kind = COMMANDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InvalidLine(f"unknown command {name!r}; there are {', '.join(COMMANDS)}")
    for field in unknown_fields(kind, given):
        raise InvalidLine(f"{kind.__name__} has no field {field!r}")
    try:
        command: Command[Any] = msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise InvalidLine(f"{kind.__name__}: {error}") from error
    return command


def unknown_fields(kind: type[Command[Any]], given: dict[str, Any]) -> Iterator[str]:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    yield from (field for field in given if field not in known)
