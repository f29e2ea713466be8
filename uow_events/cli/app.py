"""The command's groups, one file each, and `--version`."""

from importlib.metadata import version
from typing import Annotated

import typer

from uow_events.cli import check, db, dead_letters, idempotency, outbox, relaying, schema, topics

app = typer.Typer(
    name="uow-events",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # usage errors in one line too, like all others
)
app.add_typer(db.app, name="db")
app.add_typer(idempotency.app, name="idempotency")
app.add_typer(outbox.app, name="outbox")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(topics.app, name="topics")
app.command()(check.check)
app.command()(schema.schema)
app.command()(relaying.relay)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"uow-events {version('uow-events')}")
        raise typer.Exit


@app.callback()
def uow_events(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Check an application's wiring, and operate what uow_events keeps in a PostgreSQL database."""
