"""`uow-events outbox`: what waits to be delivered."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
from rich.live import Live

from uow_events.cli.administration import administer
from uow_events.cli.options import AsJson, Dsn, Schema
from uow_events.cli.outbox_view import Look
from uow_events.cli.output import console, print_json
from uow_events.cli.signals import on_end
from uow_events.operations import OutboxAdmin

app = typer.Typer(no_args_is_help=True, help="What waits in the outbox.")


@app.callback()
def outbox() -> None:
    """Keep a group of its own, which a single command would not have."""


@app.command()
def status(
    dsn: Dsn,
    schema: Schema = "uow_events",
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option("--interval", min=0.1, help="Seconds between two looks.")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Count what waits, topic by topic: due, behind a failed message, for its time, or for a paused topic."""
    if not watch:
        look = administer(dsn, schema, Look.take)
        print_json(look.plain()) if as_json else console().print(look.table())
    elif as_json:
        administer(dsn, schema, lambda admin: until_end(admin, lambda look: print_json(look.plain()), interval))
    else:
        with Live(console=console(), auto_refresh=False) as live:

            def show(look: Look) -> None:
                live.update(look.table(), refresh=True)

            administer(dsn, schema, lambda admin: until_end(admin, show, interval))


async def until_end(admin: OutboxAdmin, show: Callable[[Look], object], interval: float) -> None:
    """Look, show, and wait for `interval` seconds, until SIGINT or SIGTERM."""
    end = asyncio.Event()
    with on_end(end.set):
        while not end.is_set():
            show(await Look.take(admin))
            with suppress(TimeoutError):
                await asyncio.wait_for(end.wait(), interval)
