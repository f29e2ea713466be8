"""`uow-events idempotency`: the keys of commands that were sent with one."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from uow_events.cli.database import Database, reason
from uow_events.cli.options import Dsn, Schema
from uow_events.errors import DatabaseRefusedError, InvalidArgumentError
from uow_events.mediator.idempotency.purging import BATCH, check_age, count_expired, purge_batch

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

app = typer.Typer(no_args_is_help=True, help="The idempotency keys of uow_events.")


@app.callback()
def idempotency() -> None:
    """Keep a group of its own, which a single command would not have."""


@app.command()
def purge(
    dsn: Dsn,
    older_than: Annotated[
        str,
        typer.Option("--older-than", help="The age from which keys are forgotten: 90m, 12h, 7d.", show_default=False),
    ],
    schema: Schema = "uow_events",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count them, and delete nothing.")] = False,
) -> None:
    """Delete the keys that are older than any repetition of a request, in batches."""
    age, database = duration(older_than), Database.from_dsn(dsn)
    number = asyncio.run(_count(database, age, schema) if dry_run else _purge(database, age, schema))
    done = "would be deleted" if dry_run else "deleted"
    typer.echo(f"{number} keys older than {older_than} {done} in schema {schema!r} of {database}.")


def duration(text: str) -> timedelta:
    """Return the duration that a number with a unit stands for: s, m, h, d or w.

    Raises:
        InvalidArgumentError: it is none, or longer than a key can be old.
    """
    number = re.fullmatch(r"([0-9]{1,6})([smhdw])", text)
    if number is None:
        raise InvalidArgumentError("--older-than", f"a number with a unit, such as 90m, 12h or 7d, and is {text!r}")
    age = timedelta(**{_UNITS[number[2]]: int(number[1])})
    check_age(age, "--older-than")
    return age


async def _count(database: Database, older_than: timedelta, schema: str) -> int:
    return await _run(database, lambda connection: count_expired(connection, older_than, schema))


async def _purge(database: Database, older_than: timedelta, schema: str) -> int:
    deleted = 0
    while True:
        batch = await _run(database, lambda connection: purge_batch(connection, older_than, schema))
        deleted += batch
        if batch < BATCH:
            return deleted


async def _run(database: Database, work: Callable[[AsyncConnection], Awaitable[int]]) -> int:
    try:
        async with database.begin() as connection:
            return await work(connection)
    except SQLAlchemyError as error:
        raise DatabaseRefusedError(str(database), reason(error)) from error
