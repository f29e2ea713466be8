"""Options that several commands have in common."""

from typing import Annotated

import typer

Dsn = Annotated[
    str,
    typer.Option(
        "--dsn",
        envvar="UOW_EVENTS_DATABASE_URL",
        help="The database: postgresql://user:password@host:5432/database. "
        "Prefer the environment variable: other users of the machine can read a command line.",
        show_default=False,
    ),
]
Schema = Annotated[str, typer.Option("--schema", help="The schema that holds the tables.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; durations are in seconds.")]
