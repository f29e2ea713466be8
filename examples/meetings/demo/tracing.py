"""Wraps the handlers of a registry so that they tell the running Trace what they do; they know nothing of it."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from time import perf_counter
from types import new_class
from typing import Any

from examples.meetings.demo.trace import Recordable, Step, running_step
from uow_events import AggregateRoot, Command, MessageContext, NotificationEvent, Recorder, Registry


def traced(registry: Registry) -> Registry:
    """Return a registry with the same handlers, traced, and one more that notes what is published."""
    copy = Registry()
    for binding in registry:
        is_command = issubclass(binding.message_type, Command)
        if isinstance(binding.handler, type):
            (copy.command_handler if is_command else copy.event_handler)(traced_class(binding.handler))
        elif is_command:
            copy.command_handler(binding.message_type)(traced_function(binding.handler))
        else:
            copy.event_handler(binding.message_type)(traced_function(binding.handler))
    copy.event_handler(note_publication)
    return copy


@contextmanager
def traced_aggregates(*aggregates: type[AggregateRoot]) -> Generator[None]:
    """Let aggregates tell the running Trace what they record."""
    for aggregate in aggregates:
        type.__setattr__(aggregate, "record", recording(aggregate.record))
    try:
        yield
    finally:
        for aggregate in aggregates:
            type.__delattr__(aggregate, "record")


async def note_publication(event: NotificationEvent, context: MessageContext) -> None:
    """Hear every notification event, as a handler of the base class, after the handlers of its own class."""
    step = running_step.get()
    if step is not None:
        step.trace.correlation_id = context.correlation_id
        step.trace.published.append(step.trace.message_of(event, step))


def traced_class(handler: Any) -> Any:
    @functools.wraps(handler.handle)
    async def handle(self: Any, message: Any, /) -> Any:
        return await run(handler.__name__, message, lambda: handler.handle(self, message))

    members = {"handle": handle, "record": recording(handler.record), "__doc__": handler.__doc__}
    names = {"__module__": handler.__module__, "__qualname__": handler.__qualname__}
    return new_class(handler.__name__, (handler,), exec_body=lambda body: body.update(members | names))


def traced_function(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(handler)
    async def handle(message: Any, /, **injected: Any) -> Any:
        given = {name: TracedRecorder.around(value) for name, value in injected.items()}
        return await run(handler.__name__, message, lambda: handler(message, **given))

    return handle


class TracedRecorder(Recorder):
    """A unit's recorder that tells the running Trace first."""

    @classmethod
    def around(cls, value: Any) -> Any:
        return cls(value) if isinstance(value, Recorder) else value

    def record(self, event: Recordable, *more: Recordable) -> None:
        super().record(*(noted(content) for content in (event, *more)))


def recording(record: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    @functools.wraps(record)
    def note_and_record(self: Any, event: Recordable) -> None:
        record(self, noted(event))

    return note_and_record


def noted(content: Recordable) -> Recordable:
    step = running_step.get()
    return step.take(content) if step is not None else content


async def run(handler: str, message: object, call: Callable[[], Awaitable[Any]]) -> Any:
    """Run a handler as a step of the running Trace, if there is one."""
    outer = running_step.get()
    if outer is None:
        return await call()
    step = Step(outer.trace, handler)
    outer.trace.message_of(message, outer).steps.append(step)
    token = running_step.set(step)
    started = perf_counter()
    try:
        return await call()
    except BaseException:
        step.failed = True
        raise
    finally:
        step.seconds = perf_counter() - started
        running_step.reset(token)
