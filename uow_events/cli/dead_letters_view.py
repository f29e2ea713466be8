"""What `uow-events dead-letters` shows."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from uow_events.cli.output import cell, text_of
from uow_events.operations import DeadLetter

_TIME = "%Y-%m-%d %H:%M:%S %Z"


def plain(letter: DeadLetter) -> dict[str, Any]:
    """Return a dead letter for JSON, with its payload where it has been asked for."""
    shown = asdict(letter)
    if letter.payload is None:
        del shown["payload"]
    return shown


def list_table(letters: Sequence[DeadLetter]) -> Table:
    """Return dead letters for a terminal, one in each row."""
    has_payload = any(letter.payload is not None for letter in letters)
    table = Table(*("Id", "Topic", "Key", "Type", "Failed at", "Attempts", "Last error"))
    if has_payload:
        table.add_column("Payload")
    for letter in letters:
        fields: list[object] = [letter.id, letter.topic, letter.key, letter.type, f"{letter.failed_at:{_TIME}}"]
        fields += [letter.attempts, letter.last_error]
        if letter.payload is not None:
            fields.append(text_of(letter.payload))
        table.add_row(*(cell(field) for field in fields))
    return table


def letter_table(letter: DeadLetter) -> Table:
    """Return everything of one dead letter for a terminal."""
    table = Table(show_header=False)
    for name, value in plain(letter).items():
        shown = text_of(value) if isinstance(value, bytes) else value
        if name == "headers":
            shown = "\n".join(f"{header}: {text}" for header, text in sorted(letter.headers.items()))
        table.add_row(name, cell(shown))
    return table
