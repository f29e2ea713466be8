"""Errors of what comes from a broker."""

from collections.abc import Sequence

from uow_events.errors.base import UowEventsError


class UnknownMessageTypeError(UowEventsError, LookupError):
    """A message has a type that the wire contract does not know."""

    def __init__(self, type_name: str, known: Sequence[str]) -> None:
        self.type_name = type_name
        self.known = tuple(known)
        super().__init__(
            f"No event is called {type_name!r} in this wire contract, which knows {', '.join(known) or 'none'}: add "
            'its class, or give the class the name that is on the wire: name="..."'
        )


class UnreadableMessageError(UowEventsError, ValueError):
    """A message cannot be read as what it says it is; trying again does not help. Its content is not in the text."""

    def __init__(self, type_name: str | None, problem: str) -> None:
        self.type_name = type_name
        self.problem = problem
        what = "The message" if type_name is None else f"The message of type {type_name!r}"
        super().__init__(f"{what} cannot be read: {problem}")


class ConsumptionInProgressError(UowEventsError, RuntimeError):
    """The same message is being consumed by the same consumer, and did not end within the lock timeout."""

    def __init__(self, consumer: str, message_id: str) -> None:
        self.consumer = consumer
        self.message_id = message_id
        super().__init__(
            f"The consumer {consumer!r} is at work on the message {message_id} elsewhere, which did not end within the "
            "lock timeout: leave the message unacknowledged, and consume it again later"
        )
