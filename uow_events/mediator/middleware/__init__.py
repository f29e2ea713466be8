"""What users put around a send and around each handler, and what it is shown."""

from uow_events.mediator.middleware.chains import CallNext, HandlerMiddleware, SendMiddleware, chain, check_middlewares
from uow_events.mediator.middleware.handler_context import HandlerContext
from uow_events.mediator.middleware.send_context import Propagation, SendContext, check_shared, headers_of

__all__ = [
    "CallNext",
    "HandlerContext",
    "HandlerMiddleware",
    "Propagation",
    "SendContext",
    "SendMiddleware",
    "chain",
    "check_middlewares",
    "check_shared",
    "headers_of",
]
