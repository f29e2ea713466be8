"""Event handlers that run after the commit of what they react to, each in a unit of work of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from uow_events.errors import name_of
from uow_events.messages import Binding, Invocation, MessageContext, Record, path_to
from uow_events.unit_of_work import Callback, UnitOfWork, hide_parameters

logger = logging.getLogger("uow_events")


class OpensUnits(Protocol):
    """How a unit of work of its own is opened."""

    def __call__(self, name: str, context: MessageContext) -> UnitOfWork:
        """Return a unit of work that has not begun."""
        ...


def after_commit_callback(
    opens: OpensUnits,
    binding: Binding,
    record: Record,
    context: MessageContext,
    run: Callable[[Binding, object, Invocation, UnitOfWork], Awaitable[object]],
) -> Callback:
    """Return what runs an event's handler, and the events that it records, once the unit of work has committed.

    To be given to `UnitOfWork.after_commit`, which bounds it in time. `context` is that of the committed unit of work,
    `run` runs the handler inside the new one. What fails is rolled back there and logged, and never raised.
    """

    async def handle() -> None:
        event = record.build()
        subject = name_of(type(event))
        try:
            async with opens(subject, context.caused(record)) as unit:
                with Invocation(subject, binding.name, unit.sink, record) as invocation:
                    await run(binding, event, invocation, unit)
        except asyncio.CancelledError:
            logger.error("%s was stopped%s", binding.name, _where(record))
            raise
        except Exception as error:
            hide_parameters(error)
            logger.error("%s failed%s: %s", binding.name, _where(record), name_of(error), exc_info=error)

    return handle


def _where(record: Record) -> str:
    path = " -> ".join(path_to(record))
    return f", handling {path} after its commit, which stands; nothing runs it again"
