"""`uow-events check`: every fault in the wiring of an application, without a database."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from uow_events.cli.loading import load_mediator
from uow_events.errors import Fault, WiringError


class Format(StrEnum):
    """How faults are told."""

    TEXT = "text"
    GITHUB = "github"
    JSON = "json"


Target = Annotated[
    str,
    typer.Argument(
        metavar="MODULE:MEDIATOR",
        help="The mediator to check, or a function without parameters that makes it, such as app.main:mediator.",
        show_default=False,
    ),
]


def check(
    target: Target, form: Annotated[Format, typer.Option("--format", help="How faults are told.")] = Format.TEXT
) -> None:
    """Import a mediator and verify it: exit with 0 where its wiring has no faults, with 1 where it has."""
    faults = _faults(target)
    if form is Format.JSON:
        typer.echo(json.dumps({"faults": [asdict(fault) for fault in faults]}))
    elif not faults:
        typer.echo(f"The wiring of {target} has no faults.")
    elif form is Format.GITHUB:
        typer.echo("\n".join(_annotation(fault) for fault in faults))
    else:
        typer.echo("\n  - ".join([f"{len(faults)} fault(s) in the wiring of {target}:", *map(str, faults)]), err=True)
    if faults:
        raise typer.Exit(1)


def _faults(target: str) -> Sequence[Fault]:
    try:
        load_mediator(target).verify()
    except WiringError as error:
        return error.faults
    return ()


def _annotation(fault: Fault) -> str:
    title = _escaped(fault.subject).replace(":", "%3A").replace(",", "%2C")
    return f"::error title={title}::{_escaped(f'{fault.problem}; {fault.remedy}')}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
