"""Errors of what leaves the process."""

from collections.abc import Sequence

from uow_events.errors.base import UowEventsError, name_of


class BrokerNotConfiguredError(UowEventsError, RuntimeError):
    """A notification event was recorded, but the mediator has no notification channel."""

    def __init__(self, event: type) -> None:
        self.event = event
        super().__init__(
            f"The notification event {name_of(event)} cannot leave: no channel is configured. "
            "Pass notifications=Outbox() (or DirectPublishing(broker)) to the Mediator"
        )


class NotificationError(UowEventsError, ValueError):
    """A notification event cannot become a message; `field` is the field to blame, where one is."""

    def __init__(self, event: type, problem: str, field: str | None = None) -> None:
        self.event = event
        self.field = field
        self.problem = problem
        where = f" (field {field!r})" if field else ""
        super().__init__(f"The notification event {name_of(event)}{where} cannot be published: {problem}")


class UnschedulableEventError(UowEventsError, ValueError):
    """An event was given a time, and cannot wait for it."""

    def __init__(self, event: type, problem: str, remedy: str) -> None:
        self.event = event
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"The event {name_of(event)} cannot wait until available_at: {problem}. {remedy}")


class InvalidHeaderError(UowEventsError, ValueError):
    """A header given to send(), or the source of a channel, cannot be stored and sent."""

    def __init__(self, name: object, problem: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(f"The header {name!r} cannot be sent: {problem}")


class OutboxTooLargeError(UowEventsError, ValueError):
    """The notifications of one unit of work exceed what one statement carries."""

    def __init__(self, size: int, limit: int, types: Sequence[str]) -> None:
        self.size = size
        self.limit = limit
        self.types = tuple(types)
        super().__init__(
            f"The notifications of one unit of work take {size} bytes, and the limit is {limit}: {', '.join(types)}. "
            "Split the command, or send references in place of contents"
        )


class PublishingError(UowEventsError, RuntimeError):
    """DirectPublishing's broker did not accept a message."""

    def __init__(self, event: type, topic: str) -> None:
        self.event = event
        self.topic = topic
        super().__init__(f"The broker did not accept {name_of(event)} for the topic {topic!r}")
