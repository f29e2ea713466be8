"""The wiring: handlers, container, mediator."""

from collections.abc import Sequence

from lagom import Container
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.meetings import command_handlers, event_handlers
from examples.meetings.clock import Clock, SystemClock
from uow_events import HandlerMiddleware, Mediator, Outbox, Registry


def all_handlers() -> Registry:
    registry = Registry()
    registry.include(command_handlers.handlers)
    registry.include(event_handlers.handlers)
    return registry


def build_mediator(
    engine: AsyncEngine, registry: Registry | None = None, handler_middleware: Sequence[HandlerMiddleware] = ()
) -> Mediator:
    """Wire the application to a database; the engine stays the caller's."""
    container = Container()
    container[Clock] = SystemClock()  # type: ignore[type-abstract]
    return Mediator(
        engine,
        registry or all_handlers(),
        container=container,
        notifications=Outbox(source="meetings"),
        handler_middleware=handler_middleware,
    )
