"""Checks what a relay is given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.errors import InvalidArgumentError
from uow_events.outbox import Outbox
from uow_events.relay.backoff import Backoff

_KINDS: Mapping[str, tuple[type, str]] = {
    "outbox": (Outbox, "an Outbox"),
    "backoff": (Backoff, "a Backoff"),
}
_COUNTS = ("max_attempts", "batch_size", "max_batch_bytes", "concurrency")
_TIMES = ("publish_timeout", "round_timeout", "stop_timeout", "poll_interval")


def check_arguments(given: Mapping[str, Any]) -> None:
    """Check the arguments of a Relay by name.

    Raises:
        InvalidArgumentError: one is not what it must be.
    """
    _check_engine(given["engine"])
    for name, (kind, expected) in _KINDS.items():
        if not isinstance(given[name], kind):
            raise InvalidArgumentError(name, f"{expected}, and is {given[name]!r}")
    for name in _COUNTS:
        if not isinstance(given[name], int) or isinstance(given[name], bool) or given[name] < 1:
            raise InvalidArgumentError(name, f"an integer from 1, and is {given[name]!r}")
    for name in _TIMES:
        if not isinstance(given[name], timedelta) or given[name] <= timedelta(0):
            raise InvalidArgumentError(name, f"a timedelta above 0, and is {given[name]!r}")
    if not callable(getattr(given["broker"], "publish", None)) or not callable(getattr(given["broker"], "ping", None)):
        raise InvalidArgumentError("broker", f"a Broker, with publish() and ping(), and is {given['broker']!r}")
    _check_topics(given["topics"])


def _check_engine(engine: Any) -> None:
    if not isinstance(engine, AsyncEngine) or engine.dialect.driver != "asyncpg":
        raise InvalidArgumentError("engine", f"an AsyncEngine on asyncpg, and is {engine!r}")


def _check_topics(topics: Any) -> None:
    if topics is None:
        return
    if isinstance(topics, str) or not hasattr(topics, "__iter__") or not all(isinstance(t, str) for t in topics):
        raise InvalidArgumentError("topics", f"a sequence of topics, or None for all, and is {topics!r}")
    if not list(topics):
        raise InvalidArgumentError("topics", "None for all topics, or at least one, and is empty")
