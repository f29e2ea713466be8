"""Errors of delivery: what brokers say to a relay, and a relay to its user."""

from datetime import timedelta

from uow_events.errors.base import UowEventsError


class BrokerUnavailableError(UowEventsError, ConnectionError):
    """Nothing can be delivered at the moment; a broker raises or returns it, and no attempt is counted."""

    def __init__(self, broker: str, reason: str) -> None:
        self.broker = broker
        self.reason = reason
        super().__init__(f"{broker} cannot be reached: {reason}. Check its address, and that it runs")


class MessageRefusedError(UowEventsError, ValueError):
    """A broker refuses a message for good; a relay moves it to the dead letters at once."""

    def __init__(self, topic: str, reason: str) -> None:
        self.topic = topic
        self.reason = reason
        super().__init__(f"The broker refuses the message for the topic {topic!r} for good: {reason}")


class OutboxBusyError(UowEventsError, TimeoutError):
    """A relay worked on a part of the outbox for longer than an operator would wait."""

    def __init__(self, table: str, waited: timedelta) -> None:
        self.table = table
        self.waited = waited
        super().__init__(
            f"A relay has held a shard of {table} for {waited.total_seconds():g} s, and nothing of that shard was "
            "changed: try again, with a longer lock_timeout, or stop the relays first"
        )


class RelayRunningError(UowEventsError, RuntimeError):
    """A relay was started while it runs."""

    def __init__(self) -> None:
        super().__init__("This relay runs already: stop() it first, or make another one")
