"""Errors of what is put around sends and handlers."""

from uow_events.errors.base import UowEventsError, name_of


class MiddlewareError(UowEventsError, RuntimeError):
    """A middleware ran what it wraps a second time, which was not done, or did not wait for it."""

    def __init__(self, middleware: object, problem: str, remedy: str) -> None:
        self.middleware = middleware
        self.problem = problem
        super().__init__(f"The middleware {name_of(middleware)} {problem}; {remedy}")
