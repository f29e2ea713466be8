"""One handler is run: under its failure policy, inside the middleware, or after the commit."""

from uow_events.mediator.handling.handler_runner import HandlerRunner

__all__ = ["HandlerRunner"]
