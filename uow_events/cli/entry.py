"""Where the command starts: it does so without typer too, which an extra brings, and tells errors in one line."""

import sys
from typing import NoReturn

from uow_events.errors import MissingExtraError, UowEventsError


def main() -> None:
    """Run the `uow-events` command; exit code 2 for an error, which is told in one line on stderr."""
    try:
        from uow_events.cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        _fail(MissingExtraError("The command uow-events", "cli"))
    try:
        app(prog_name="uow-events")
    except UowEventsError as error:
        _fail(error)


def _fail(error: UowEventsError) -> NoReturn:
    print(f"Error: {error}", file=sys.stderr)
    sys.exit(2)
