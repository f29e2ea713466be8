"""How commands print: tables for people, JSON for programs, and nothing that a terminal would obey."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import typer
from rich.console import Console
from rich.text import Text


def console() -> Console:
    """Return the console of a table: as wide as the terminal, and without limit where there is none."""
    found = Console()
    return found if found.is_terminal else Console(width=500)


def cell(content: object) -> Text:
    """Return a cell of a table: plain text, whatever mark-up and control characters a topic or an error holds."""
    return Text(printable("-" if content is None else str(content)), overflow="fold")


def printable(text: str) -> str:
    """Replace what a terminal would not print."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def ago(age: timedelta) -> str:
    """Return a duration in its two largest units."""
    seconds = int(age.total_seconds())
    units = [("d", seconds // 86_400), ("h", seconds // 3600 % 24), ("m", seconds // 60 % 60), ("s", seconds % 60)]
    first = next((index for index, (_, number) in enumerate(units) if number), len(units) - 1)
    return " ".join(f"{number}{unit}" for unit, number in units[first : first + 2])


def print_json(content: Mapping[str, Any]) -> None:
    """Print one line of JSON; durations are seconds, and bytes that are no UTF-8 are Base64."""
    typer.echo(json.dumps(content, default=_plain))


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case UUID():
            return str(value)
        case bytes():
            return text_of(value)
        case _:
            raise TypeError(f"{value!r} has no form in JSON")


def text_of(payload: bytes) -> str:
    """Return a payload as the text it is, or else in Base64."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return b64encode(payload).decode()
