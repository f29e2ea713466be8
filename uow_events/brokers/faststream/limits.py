"""How much is on its way to a broker, and for how long."""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from uow_events.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class Limits:
    """The time a message, and a connection, may take; and how many messages are on their way at a time."""

    publish_timeout: timedelta
    concurrency: int

    def __post_init__(self) -> None:
        timeout, count = cast("tuple[object, object]", (self.publish_timeout, self.concurrency))
        if not isinstance(timeout, timedelta) or timeout <= timedelta(0):
            raise InvalidArgumentError("publish_timeout", f"a timedelta above 0, and is {timeout!r}")
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise InvalidArgumentError("concurrency", f"an integer from 1, and is {count!r}")

    @property
    def seconds(self) -> float:
        """The time, in seconds."""
        return self.publish_timeout.total_seconds()
