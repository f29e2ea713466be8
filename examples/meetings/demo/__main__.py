"""`python -m examples.meetings.demo [INPUT] [--trace LINE]`: exit code 0 when all went as expected, 1 when not."""

import asyncio
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from examples.meetings.demo.database import DemoError, reason
from examples.meetings.demo.demo import run_demo
from examples.meetings.demo.lines import Line, read_lines
from uow_events import UowEventsError

COMMANDS = Path(__file__).parents[1] / "commands.jsonl"


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    try:
        lines = read(options)
        return 0 if asyncio.run(run_demo(make_console(), lines, options.trace)) else 1
    except (DemoError, UowEventsError) as error:
        return fail(str(error), 2)
    except (OSError, SQLAlchemyError) as error:
        return fail(f"The database failed: {reason(error)}", 1)
    except KeyboardInterrupt:
        return fail("Interrupted.", 130)


def parse(arguments: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="demo", description="Send commands, show what ran, check the database.")
    parser.add_argument("input", nargs="?", type=Path, default=COMMANDS, help="a file with one JSON object per line")
    parser.add_argument("--trace", type=int, metavar="LINE", help="the line to show; else the one of the deepest chain")
    return parser.parse_args(arguments)


def make_console() -> Console:
    """Write to a terminal of any encoding, or to a file or pipe, which has no width."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    has_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if has_width else 120)


def read(options: Namespace) -> list[Line]:
    try:
        lines = read_lines(options.input)
    except OSError as error:
        raise DemoError(f"The input {options.input} cannot be read: {error.strerror}") from error
    if options.trace is not None and not any(line.number == options.trace and line.command for line in lines):
        raise DemoError(f"Line {options.trace} of {options.input} holds no command that could be shown")
    return lines


def fail(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
