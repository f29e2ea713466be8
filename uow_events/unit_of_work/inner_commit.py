"""A handler whose `session.commit()` flushes: for repository code that moves over and still commits by itself."""

from __future__ import annotations

import logging
from functools import lru_cache

from uow_events.messages import running_invocation

logger = logging.getLogger("uow_events")


def flushes_instead(sink: object) -> bool:
    """Tell whether the innermost running handler, of the unit of work with this sink, may call commit(); warn once."""
    invocation = running_invocation()
    if invocation is None or invocation.sink is not sink or invocation.inner_commit != "flush":
        return False
    _warn_once(invocation.handler)
    return True


@lru_cache(maxsize=1024)
def _warn_once(handler: str) -> None:
    logger.warning(
        "session.commit() in %s only flushed, since its unit of work commits everything at the end "
        '(inner_commit="flush"): replace the call with flush()',
        handler,
    )
