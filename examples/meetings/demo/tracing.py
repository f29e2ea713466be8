"""Tells the running Trace what each handler does: a middleware around handlers, which know nothing of it."""

from time import perf_counter
from typing import Any

from examples.meetings.demo.trace import Step, running_step
from uow_events import CallNext, HandlerContext, NotificationEvent, Registry


def traced(registry: Registry) -> Registry:
    """Return a registry with the same handlers, and one more by which trace_handler sees what is published."""
    copy = Registry()
    copy.include(registry)
    copy.event_handler(note_publication)
    return copy


async def note_publication(event: NotificationEvent) -> None:
    """Hear every notification event, as a handler of the base class, after the handlers of its own class."""


async def trace_handler(context: HandlerContext, call_next: CallNext) -> Any:
    """Run a handler as a step of the running Trace, if there is one."""
    outer = running_step.get()
    if outer is None:
        return await call_next()
    message = outer.trace.message_of(context.message, outer)
    if context.handler is note_publication:
        outer.trace.correlation_id = context.message_context.correlation_id
        outer.trace.published.append(message)
        return await call_next()
    step = Step(outer.trace, context.name, context)
    message.steps.append(step)
    token = running_step.set(step)
    started = perf_counter()
    try:
        return await call_next()
    except BaseException:
        step.failed = True
        raise
    finally:
        step.seconds = perf_counter() - started
        step.catch_up()
        running_step.reset(token)
