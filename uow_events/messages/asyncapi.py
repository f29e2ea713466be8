"""What goes over which topic, as an AsyncAPI 3 document."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from uow_events.errors import InvalidArgumentError, NotificationError, name_of
from uow_events.messages.encodable import fields_of, unencodable_fields
from uow_events.messages.headers import CAUSATION_ID, CORRELATION_ID, TYPE_VERSION
from uow_events.messages.json_schemas import json_schemas
from uow_events.messages.notification_event import NotificationEvent
from uow_events.messages.wire import topic_of, wire_name, wire_version

CLOUD_EVENT = "CloudEvent"
_TEXT = {"type": "string", "minLength": 1}
_CLOUD_EVENT = {
    "title": "CloudEvents 1.0 attributes",
    "description": "In binary mode: as headers, ce_id and so on (Kafka, Redis), ce-id (NATS), cloudEvents_id (AMQP).",
    "type": "object",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {**_TEXT, "format": "uuid"},
        "source": _TEXT,
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        CORRELATION_ID: _TEXT,
        CAUSATION_ID: _TEXT,
    },
    "required": ["specversion", "id", "source", "time", "datacontenttype", CORRELATION_ID, CAUSATION_ID],
}
_NO_NAME = re.compile(r"[^A-Za-z0-9.\-]")


def asyncapi_of(events: Iterable[type[NotificationEvent]], *, title: str, version: str) -> dict[str, Any]:
    """Return the document: a channel for each topic, a message for each type; always the same for the same events.

    It says nothing of who sends and who receives.

    Raises:
        InvalidArgumentError: two events have one name.
        NotificationError: an event has no topic, or a name, version or topic that is not valid, or a field that
            cannot be encoded.
    """
    ordered = sorted(events, key=wire_name)
    for event in ordered:
        _check(event)
    schemas, components = json_schemas(ordered)
    channels: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for event, schema in zip(ordered, schemas, strict=True):
        name, topic = wire_name(event), topic_of(event)
        channel = channels.setdefault(_named(topic), {"address": topic, "messages": {}})
        channel["messages"][_named(name)] = {"$ref": f"#/components/messages/{_named(name)}"}
        if _named(name) in messages:
            raise InvalidArgumentError("events", f"events of different names, and several are {name!r} on the wire")
        messages[_named(name)] = _message(event, schema)
    components[CLOUD_EVENT] = _CLOUD_EVENT
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version},
        "defaultContentType": "application/json",
        "channels": dict(sorted(channels.items())),
        "components": {
            "messages": messages,
            "schemas": dict(sorted(components.items())),
        },
    }


def _check(event: type[NotificationEvent]) -> None:
    if fields_of(event) is None:
        raise NotificationError(event, "it has no fields")
    for field, kind in unencodable_fields(event):
        raise NotificationError(event, f"{name_of(kind)} has no JSON Schema", field)


def _message(event: type[NotificationEvent], schema: dict[str, Any]) -> dict[str, Any]:
    name, version = wire_name(event), wire_version(event)
    own = {"type": {"const": name}, TYPE_VERSION: {"const": str(version)}}
    message = {
        "name": name,
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": f"#/components/schemas/{CLOUD_EVENT}"},
                {"type": "object", "properties": own, "required": [*own]},
            ]
        },
        "payload": schema,
    }
    if summary := _summary(event):
        message["summary"] = summary
    if event.__notification__.key is not None:
        message["x-ordering-key"] = event.__notification__.key
    return message


def _summary(event: type) -> str:
    said = event.__dict__.get("__doc__") or ""
    is_made_up = said.startswith(f"{event.__name__}(")  # by @dataclass
    return "" if is_made_up else inspect.cleandoc(said).partition("\n")[0]


def _named(text: str) -> str:
    """Return a text as a key of a component: what is not allowed in one is written as its code."""
    return _NO_NAME.sub(lambda found: f"_{ord(found[0]):x}_", text)
