"""What is set for one transaction alone, in one statement after its begin; nothing is sent where nothing is set."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError

from uow_events.messages import MessageContext
from uow_events.unit_of_work.connection import FencedConnection
from uow_events.unit_of_work.option_checks import OWN_FIELDS, check_settings
from uow_events.unit_of_work.transaction_options import ResolvedOptions

MILLISECOND = timedelta(milliseconds=1)


def local_settings(options: ResolvedOptions, context: MessageContext) -> Mapping[str, str]:
    """Return the settings of one transaction, by name; a callable's errors pass as they are.

    Raises:
        InvalidArgumentError: the callable returned something that cannot be set.
    """
    limits = {name: getattr(options, name) for name in OWN_FIELDS}
    own = {name: str(-(-limit // MILLISECOND)) for name, limit in limits.items() if limit is not None}
    return own | dict(_of_application(options, context))


def _of_application(options: ResolvedOptions, context: MessageContext) -> Mapping[str, str]:
    given: Any = options.settings
    if callable(given):
        given = given(context)
        if inspect.iscoroutine(given):
            given.close()
        check_settings(given)
    return cast("Mapping[str, str]", given or {})


def prepare(connection: FencedConnection, settings: Mapping[str, str]) -> None:
    """Set them. Where that fails, or is cancelled, nothing else is sent: a query without its tenant must not run."""
    if not settings:
        return
    fence = connection.fence
    fence.is_prepared = False
    bound = {
        f"{kind}{n}": word for n, pair in enumerate(settings.items()) for kind, word in zip("nv", pair, strict=True)
    }
    try:
        with fence.control():
            connection.execute(_statement(len(settings)), bound)
    except DBAPIError as error:
        error.hide_parameters = True  # they hold settings
        raise
    fence.is_prepared = True


@lru_cache(maxsize=32)
def _statement(count: int) -> TextClause:
    return text("SELECT " + ", ".join(f"set_config(:n{n}, :v{n}, true)" for n in range(count)))
