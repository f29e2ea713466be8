"""`uow-events schema`: an AsyncAPI 3 document whose references resolve, and whose schemas fit what is published."""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.migrations.command import Run, runner
from uow_events import InvalidArgumentError, Record
from uow_events.messages import MessageContext, encode
from uow_events.messages.asyncapi import asyncapi_of
from uow_events.outbox.envelope import to_message

APP = '''
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
import msgspec, pydantic
from uow_events import Mediator, NotificationEvent, Registry, notification

@dataclass(frozen=True)
class Line:
    article: str

@dataclass(frozen=True)
class Placed(NotificationEvent, topic="shop/orders", key="order", name="order placed", version=2):
    """An order was placed.

    More about it."""
    order: UUID
    at: datetime
    lines: list[Line] = field(default_factory=list)

class Address(pydantic.BaseModel):
    street: str = pydantic.Field(alias="Street")

class Moved(NotificationEvent, pydantic.BaseModel, topic="shop/orders"):
    to: Address

@dataclass
class Sent(NotificationEvent, topic="shop.sent"):
    to: Address
    caf\u00e9: str = "\U0001f600"

@notification(topic="shop.sent")
class Arrived(NotificationEvent, msgspec.Struct):
    at: datetime

class Foreign: ...

@dataclass
class Odd(NotificationEvent, topic="odd"):
    thing: Foreign

class Bare(NotificationEvent, topic="bare"): ...

handlers = Registry()
handlers.declare(Placed, Moved, Sent)

@handlers.event_handler
async def hear(event: Arrived) -> None: ...

def make() -> Registry:
    return handlers
nothing = 7
empty = Registry()
odd = Registry()
odd.declare(Odd)
class Abstract(ABC):
    @abstractmethod
    def act(self) -> None: ...

@dataclass
class Open(NotificationEvent, topic="open"):
    thing: Abstract
open_one = Registry()
open_one.declare(Open)
bare = Registry()
bare.declare(Bare)
'''


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "described_app.py").write_text(APP)
    yield runner(monkeypatch, capsys)
    sys.modules.pop("described_app", None)


def document_of(run: Run, *options: str) -> dict[str, Any]:
    ended = run("schema", "described_app:handlers", *options)
    assert (ended.code, ended.err) == (0, "")
    found: dict[str, Any] = json.loads(ended.out)
    return found


def test_there_is_a_channel_for_each_topic_and_a_message_for_each_type(run: Run) -> None:
    document = document_of(run, "--title", "Shop", "--version", "7.0.0")
    assert document["asyncapi"] == "3.0.0"
    assert document["info"] == {"title": "Shop", "version": "7.0.0"}
    assert {key: (channel["address"], [*channel["messages"]]) for key, channel in document["channels"].items()} == {
        "shop.sent": ("shop.sent", ["Arrived", "Sent"]),
        "shop_2f_orders": ("shop/orders", ["Moved", "order_20_placed"]),
    }
    placed = document["components"]["messages"]["order_20_placed"]
    assert (placed["name"], placed["summary"], placed["x-ordering-key"]) == (
        "order placed",
        "An order was placed.",
        "order",
    )
    assert "summary" not in document["components"]["messages"]["Sent"]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_reference_leads_somewhere(run: Run) -> None:
    document = document_of(run)
    found = set(references(document))
    assert len(found) > 6
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_what_is_published_fits_the_schemas_of_its_payload_and_its_headers(run: Run) -> None:
    document = document_of(run)
    app: Any = import_module("described_app")
    messages = document["components"]["messages"]
    at = app.datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    address = app.Address(Street="s")
    placed = app.Placed(app.UUID(int=7), at, [app.Line("a")])
    for event in (placed, app.Moved(to=address), app.Sent(address), app.Arrived(at)):
        sent = to_message(Record(event, None), MessageContext(), "shop", 1000)
        own = messages[sent.type.replace(" ", "_20_")]
        for part, value in (("payload", json.loads(encode(event))), ("headers", dict(sent.headers))):
            schema = {**own[part], "components": document["components"]}
            jsonschema.Draft7Validator.check_schema(schema)
            jsonschema.validate(value, schema)
        wrong = {**sent.headers, "typeversion": "99"}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, {**own["headers"], "components": document["components"]})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"at": 7}, {**messages["Sent"]["payload"], "components": document["components"]})


def test_as_yaml_it_is_the_same_document(run: Run) -> None:
    ended = run("schema", "described_app:make", "--format", "yaml")
    assert yaml.safe_load(ended.out) == document_of(run)


def test_it_is_the_same_at_every_run(run: Run) -> None:
    first = run("schema", "described_app:handlers").out
    sys.modules.pop("described_app")
    assert run("schema", "described_app:handlers").out == first


def test_a_registry_without_notification_events_has_no_channels(run: Run) -> None:
    assert json.loads(run("schema", "described_app:empty").out)["channels"] == {}


def test_what_is_no_registry_is_named(run: Run) -> None:
    refused = "'described_app:nothing' names no registry: it is a int; name a Registry, or a function that makes one"
    assert run("schema", "described_app:nothing") == (2, "", f"Error: {refused}\n")


def test_an_event_that_cannot_be_encoded_is_named(run: Run) -> None:
    refused = "The notification event Odd (field 'thing') cannot be published: Foreign has no JSON Schema"
    assert run("schema", "described_app:odd") == (2, "", f"Error: {refused}\n")
    refused = "The notification event Bare cannot be published: it has no fields"
    assert run("schema", "described_app:bare") == (2, "", f"Error: {refused}\n")


def test_of_an_abstract_field_nothing_is_said(run: Run) -> None:
    document = json.loads(run("schema", "described_app:open_one").out)
    assert document["components"]["schemas"]["Open"]["properties"] == {
        "thing": {"description": "Of an abstract class."}
    }


def test_two_events_of_one_name_are_refused(run: Run) -> None:
    document_of(run)
    app: Any = import_module("described_app")
    with pytest.raises(InvalidArgumentError, match="different names, and several are 'Sent' on the wire"):
        asyncapi_of([app.Sent, app.Sent], title="", version="")
