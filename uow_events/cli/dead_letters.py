"""`uow-events dead-letters`: messages that were given up."""

from typing import Annotated

import typer

from uow_events.cli.administration import administer, place
from uow_events.cli.confirmation import DryRun, Yes, confirmed, plural
from uow_events.cli.dead_letters_view import letter_table, list_table, plain
from uow_events.cli.idempotency import duration
from uow_events.cli.options import AsJson, Dsn, Schema
from uow_events.cli.output import console, print_json
from uow_events.operations import DeadLetterFilter

app = typer.Typer(no_args_is_help=True, help="Messages that were given up.")

Ids = Annotated[list[int] | None, typer.Option("--id", help="By the id that `list` shows; can be repeated.")]
Topic = Annotated[str | None, typer.Option("--topic", help="Of one topic.")]
Type = Annotated[str | None, typer.Option("--type", help="Of one type of event.")]
Age = Annotated[str | None, typer.Option("--older-than", help="Given up longer ago than this: 90m, 12h, 7d.")]
Payload = Annotated[bool, typer.Option("--payload", help="Show payloads too, which may hold personal data.")]


@app.command("list")
def list_(
    dsn: Dsn,
    schema: Schema = "uow_events",
    ids: Ids = None,
    topic: Topic = None,
    kind: Type = None,
    older_than: Age = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 100,
    after: Annotated[int, typer.Option("--after", help="Those with higher ids than this, for the next page.")] = 0,
    payload: Payload = False,
    as_json: AsJson = False,
) -> None:
    """List dead letters, oldest first."""
    which = _filter(ids, topic, kind, older_than)
    letters = administer(
        dsn, schema, lambda admin: admin.dead_letters(which, limit=limit, after=after, payload=payload)
    )
    if as_json:
        print_json({"dead_letters": [plain(letter) for letter in letters]})
    elif letters:
        console().print(list_table(letters))
    else:
        typer.echo(f"There are no such dead letters in {place(dsn, schema)}.")


@app.command()
def show(
    dsn: Dsn,
    number: Annotated[int, typer.Argument(metavar="ID", help="The id that `list` shows.")],
    schema: Schema = "uow_events",
    payload: Payload = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter with its headers; exit with 1 where there is none."""
    which = DeadLetterFilter(ids=[number])
    letters = administer(dsn, schema, lambda admin: admin.dead_letters(which, payload=payload))
    if not letters:
        typer.echo(f"There is no dead letter {number} in {place(dsn, schema)}.", err=True)
        raise typer.Exit(1)
    print_json(plain(letters[0])) if as_json else console().print(letter_table(letters[0]))


@app.command()
def replay(
    dsn: Dsn,
    schema: Schema = "uow_events",
    ids: Ids = None,
    topic: Topic = None,
    kind: Type = None,
    older_than: Age = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Put dead letters back into the outbox, behind the messages of their keys; without any filter, all of them."""
    which, where = _filter(ids, topic, kind, older_than), place(dsn, schema)
    number = administer(dsn, schema, lambda admin: admin.count_dead_letters(which, replayable=True))
    if confirmed(f"{plural(number, 'dead letter')} of {where}", "replayed", dry_run, yes or not number):
        number = administer(dsn, schema, lambda admin: admin.replay(which))
        typer.echo(f"{plural(number, 'dead letter')} of {where} replayed.")


@app.command()
def discard(
    dsn: Dsn,
    schema: Schema = "uow_events",
    ids: Ids = None,
    topic: Topic = None,
    kind: Type = None,
    older_than: Age = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete dead letters for good; without any filter, all of them."""
    which, where = _filter(ids, topic, kind, older_than), place(dsn, schema)
    number = administer(dsn, schema, lambda admin: admin.count_dead_letters(which))
    if confirmed(f"{plural(number, 'dead letter')} of {where}", "discarded", dry_run, yes or not number):
        number = administer(dsn, schema, lambda admin: admin.discard(which))
        typer.echo(f"{plural(number, 'dead letter')} of {where} discarded.")


def _filter(ids: list[int] | None, topic: str | None, kind: str | None, older_than: str | None) -> DeadLetterFilter:
    age = duration(older_than) if older_than is not None else None
    return DeadLetterFilter(ids=ids or None, topic=topic, type=kind, older_than=age)
