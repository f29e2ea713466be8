"""`uow-events schema`: what an application publishes, as an AsyncAPI 3 document."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

from uow_events.cli.loading import Target, load
from uow_events.mediator import Registry
from uow_events.mediator.verification import notifications_of
from uow_events.messages.asyncapi import asyncapi_of


class Form(StrEnum):
    """In which language the document is written."""

    JSON = "json"
    YAML = "yaml"


Named = Annotated[
    str,
    typer.Argument(
        metavar="MODULE:REGISTRY",
        help="The registry, or a function without parameters that makes it, such as app.main:handlers.",
        show_default=False,
    ),
]


def schema(
    target: Named,
    form: Annotated[Form, typer.Option("--format", help="The language of the document.")] = Form.JSON,
    title: Annotated[str, typer.Option(help="The document's title.")] = "Notification events",
    version: Annotated[str, typer.Option(help="The document's version.")] = "1.0.0",
) -> None:
    """Write an AsyncAPI 3 document of all notification events that a registry declares, handles or records."""
    registry = load(Target(target, Registry, "registry"))
    events = dict.fromkeys(notifications_of(registry.declared.types, registry))
    document = asyncapi_of(events, title=title, version=version)
    typer.echo(json.dumps(document, indent=2) if form is Form.JSON else "\n".join(_yaml(document)))


def _yaml(value: Any, indent: str = "") -> Iterator[str]:
    """Write YAML in blocks, whose keys and scalars are those of JSON."""
    items: list[tuple[Any, Any]] = [*value.items()] if hasattr(value, "items") else [(None, item) for item in value]
    for key, item in items:
        start = f"{indent}-" if key is None else f"{indent}{_scalar(key)}:"
        if isinstance(item, dict | list) and item:
            yield start
            yield from _yaml(item, f"{indent}  ")
        else:
            yield f"{start} {_scalar(item)}"


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
