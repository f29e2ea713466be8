"""WHO handles it: handlers, their registry, and the mediator that runs each command in one transaction."""

from uow_events.mediator.idempotency import purge_idempotency_keys
from uow_events.mediator.inbox import Inbox, purge_consumed_messages
from uow_events.mediator.mediator import Mediator
from uow_events.mediator.middleware import (
    CallNext,
    HandlerContext,
    HandlerMiddleware,
    Propagation,
    SendContext,
    SendMiddleware,
)
from uow_events.mediator.registry import CommandHandler, QueryHandler, Registry

__all__ = [
    "CallNext",
    "CommandHandler",
    "HandlerContext",
    "HandlerMiddleware",
    "Inbox",
    "Mediator",
    "Propagation",
    "QueryHandler",
    "Registry",
    "SendContext",
    "SendMiddleware",
    "purge_consumed_messages",
    "purge_idempotency_keys",
]
