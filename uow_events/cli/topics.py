"""`uow-events topics`: what is not to be delivered for a while, or not at all."""

from typing import Annotated

import typer

from uow_events.cli.administration import administer, place
from uow_events.cli.confirmation import DryRun, Yes, confirmed, plural
from uow_events.cli.options import Dsn, Schema
from uow_events.operations import OutboxAdmin

app = typer.Typer(no_args_is_help=True, help="Pause, resume and skip topics.")

Topic = Annotated[str, typer.Argument(metavar="TOPIC", help="The topic.")]


@app.command()
def pause(dsn: Dsn, topic: Topic, schema: Schema = "uow_events") -> None:
    """Deliver no more of a topic, on any relay, until it is resumed."""
    is_new = administer(dsn, schema, lambda admin: admin.pause_topic(topic))
    typer.echo(f"The topic {topic!r} in {place(dsn, schema)} {'is' if is_new else 'was already'} paused.")


@app.command()
def resume(dsn: Dsn, topic: Topic, schema: Schema = "uow_events") -> None:
    """Deliver a topic again, what waited for it first."""
    number = administer(dsn, schema, lambda admin: admin.resume_topic(topic))
    freed = f"{plural(number, 'message')} that waited can go"
    typer.echo(f"The topic {topic!r} in {place(dsn, schema)} is not paused any more; {freed}.")


@app.command()
def skip(dsn: Dsn, topic: Topic, schema: Schema = "uow_events", dry_run: DryRun = False, yes: Yes = False) -> None:
    """Move all messages of a topic that wait now to the dead letters, from where they can be replayed."""

    async def pending(admin: OutboxAdmin) -> int:
        return sum(status.pending for status in (await admin.status()).topics if status.topic == topic)

    where = f"of the topic {topic!r} in {place(dsn, schema)}"
    number = administer(dsn, schema, pending)
    if confirmed(f"{plural(number, 'message')} {where}", "moved to the dead letters", dry_run, yes or not number):
        number = administer(dsn, schema, lambda admin: admin.skip_topic(topic))
        typer.echo(f"{plural(number, 'message')} {where} moved to the dead letters.")
