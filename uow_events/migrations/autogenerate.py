"""What keeps the framework's tables out of an application's `alembic revision --autogenerate`."""

from collections.abc import Mapping
from typing import Any, Final

_TABLES: Final = frozenset(
    {
        "outbox",
        "dead_letters",
        "blocked_keys",
        "paused_topics",
        "idempotency_keys",
        "consumed_messages",
        "uow_events_version",
    }
)


def include_name(
    name: str | None, type_: str, parent_names: Mapping[Any, str | None], *, schema: str | None = "uow_events"
) -> bool:
    """Leave the framework's tables out of autogenerate; for `context.configure(include_name=...)` in env.py.

    For tables in another schema: `functools.partial(include_name, schema="messaging")`; None is the connection's
    default schema, by which Alembic knows it. Other tables in that schema stay in: it may be the application's.
    """
    return not (type_ == "table" and name in _TABLES and parent_names.get("schema_name") == schema)
