"""The small protocol behind which every broker stands."""

from collections.abc import Sequence
from typing import Protocol

from uow_events.brokers.message import BrokerMessage


class Broker(Protocol):
    """Takes messages to other services; implement it to bring a broker of your own."""

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        """Publish a batch: one outcome per message, in the same order.

        None says that the broker has confirmed the message, an exception that it has not; one refused message says
        nothing of the others. Messages of one key must arrive in the order given. Cancellation may leave messages
        published or not.
        """
        ...
