"""WHO handles it: handlers, their registry, and the mediator that runs each command in one transaction."""

from uow_events.mediator.command_handler import CommandHandler
from uow_events.mediator.handler_context import HandlerContext
from uow_events.mediator.idempotency import purge_idempotency_keys
from uow_events.mediator.mediator import Mediator
from uow_events.mediator.middleware import CallNext, HandlerMiddleware, SendMiddleware
from uow_events.mediator.query_handler import QueryHandler
from uow_events.mediator.registry import Registry
from uow_events.mediator.send_context import Propagation, SendContext

__all__ = [
    "CallNext",
    "CommandHandler",
    "HandlerContext",
    "HandlerMiddleware",
    "Mediator",
    "Propagation",
    "QueryHandler",
    "Registry",
    "SendContext",
    "SendMiddleware",
    "purge_idempotency_keys",
]
