"""Which message a log record belongs to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from uow_events.messages import running_invocation
from uow_events.unit_of_work.record_queue import RecordQueue

if TYPE_CHECKING:
    from uow_events.unit_of_work.unit_of_work import UnitOfWork

_NAMES = ("message_id", "correlation_id", "causation_id", "command", "handler", "attempt")
_NOTHING = "-"


class ContextFilter(logging.Filter):
    """Adds what is running to each log record: put it on a logging handler, and name the attributes in its format.

    `message_id`, `correlation_id`, `causation_id`, `command`, `handler` and `attempt`, each "-" where there is none, as
    outside of a unit of work. `command` is the type of the message that opened the unit of work. It lets every record
    pass, and overwrites no attribute that a record has already.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attributes; return True."""
        for name, value in _attributes().items():
            record.__dict__.setdefault(name, value)
        return True


def _attributes() -> dict[str, object]:
    innermost = invocation = running_invocation()
    while invocation is not None:
        if isinstance(invocation.sink, RecordQueue):
            handler = _NOTHING if innermost is None or innermost.is_body else innermost.handler
            return _attributes_in(invocation.sink.unit, handler)
        invocation = invocation.outer
    return dict.fromkeys(_NAMES, _NOTHING)


def _attributes_in(unit: UnitOfWork, handler: str) -> dict[str, object]:
    context = unit.context
    causation_id = context.causation_id or _NOTHING
    found = (str(context.message_id), context.correlation_id, causation_id, unit.name, handler, context.attempt)
    return dict(zip(_NAMES, found, strict=True))
