"""Errors of what is put around sends and handlers."""

from uow_events.errors.base import UowEventsError, name_of


class MiddlewareError(UowEventsError, RuntimeError):
    """A middleware wanted to run what it wraps a second time; that was not done."""

    def __init__(self, middleware: object) -> None:
        self.middleware = middleware
        super().__init__(
            f"The middleware {name_of(middleware)} called call_next() twice; what it wraps runs once at most. To run a "
            "command again after an error, give it a RetryPolicy"
        )
