"""Asks before something is done that cannot be taken back, or only with effort."""

from typing import Annotated

import typer

DryRun = Annotated[bool, typer.Option("--dry-run", help="Count them, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def confirmed(what: str, done: str, dry_run: bool, yes: bool) -> bool:
    """Tell whether to go on: a dry run says what would be done, and without `yes` the user is asked.

    Raises:
        typer.Abort: there is nobody to answer, or the answer is no: exit code 1.
    """
    if dry_run:
        typer.echo(f"{what} would be {done}.")
        return False
    return yes or typer.confirm(f"{what} will be {done}. Go on?", abort=True, err=True)


def plural(number: int, noun: str) -> str:
    """Return a number of things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
