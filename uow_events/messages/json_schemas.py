"""JSON Schemas of events, as they are encoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

REF = "#/components/schemas/{}"


def json_schemas(events: Sequence[type]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the schema of each event, and the components that these refer to by `#/components/schemas/...`."""
    shared: dict[str, Any] = {}

    def of_model(kind: Any) -> dict[str, Any]:
        if not hasattr(kind, "model_json_schema"):
            return {"description": "Of an abstract class."}
        schema: dict[str, Any] = kind.model_json_schema(
            by_alias=False, mode="serialization", ref_template=REF.format("{model}")
        )
        shared.update(schema.pop("$defs", {}))
        return schema

    plain = [event for event in events if not hasattr(event, "model_json_schema")]
    found, components = msgspec.json.schema_components(plain, schema_hook=of_model, ref_template=REF.format("{name}"))
    own = dict(zip(plain, found, strict=True))
    schemas = [own[event] if event in own else of_model(event) for event in events]
    return schemas, {**shared, **components}
