"""`uow-events db`: the framework's tables, for those who have no Alembic history of their own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from uow_events.cli import migrator
from uow_events.cli.database import Database, reason
from uow_events.cli.options import Dsn, Schema
from uow_events.errors import MigrationFailedError
from uow_events.migrations import LATEST_VERSION

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Create, upgrade and check the tables of uow_events.")


@app.command()
def upgrade(dsn: Dsn, schema: Schema = "uow_events") -> None:
    """Create the tables, or bring them to the version of this release, in one transaction."""
    before, after = _run(dsn, schema, lambda connection: migrator.upgrade(connection, schema))
    _report(dsn, schema, before, after)


@app.command()
def downgrade(
    dsn: Dsn,
    schema: Schema = "uow_events",
    to: Annotated[int | None, typer.Option("--to", min=0, help="The version to go back to; 0: no tables.")] = None,
) -> None:
    """Go one version back, in one transaction; back from version 1 drops the tables with all their rows."""
    before, after = _run(dsn, schema, lambda connection: migrator.downgrade(connection, schema, to))
    _report(dsn, schema, before, after)


@app.command()
def current(dsn: Dsn, schema: Schema = "uow_events") -> None:
    """Print the version that the tables are at; 0 where there are none."""
    typer.echo(_run(dsn, schema, lambda connection: migrator.current_version(connection, schema)))


@app.command()
def check(dsn: Dsn, schema: Schema = "uow_events") -> None:
    """Exit with 0 where the tables are at the version of this release, with 1 where they need an upgrade."""
    version = _run(dsn, schema, lambda connection: migrator.current_version(connection, schema))
    where = f"The tables in schema {schema!r} of {Database.from_dsn(dsn)}"
    if version == LATEST_VERSION:
        typer.echo(f"{where} are at version {version}, as this release needs.")
        return
    state = f"are at version {version}" if version else "do not exist"
    option = "" if schema == "uow_events" else f" --schema {schema}"
    typer.echo(
        f"{where} {state}, and this release needs version {LATEST_VERSION}: run `uow-events db upgrade{option}`.",
        err=True,
    )
    raise typer.Exit(1)


def _run(dsn: str, schema: str, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    database = Database.from_dsn(dsn)

    async def in_transaction() -> T:
        async with database.begin() as connection:
            return await work(connection)

    try:
        return asyncio.run(in_transaction())
    except SQLAlchemyError as error:
        raise MigrationFailedError(str(database), schema, reason(error)) from error


def _report(dsn: str, schema: str, before: int, after: int) -> None:
    change = f"are at version {after} already" if before == after else f"went from version {before} to {after}"
    typer.echo(f"The tables in schema {schema!r} of {Database.from_dsn(dsn)} {change}.")
