"""The small protocol behind which every broker stands."""

from collections.abc import Sequence
from typing import Protocol

from uow_events.brokers.message import BrokerMessage


class Broker(Protocol):
    """Takes messages to other services; implement it to bring a broker of your own."""

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        """Publish a batch: one outcome per message, in the same order.

        None says that the broker has confirmed the message, an exception that it has not; one refused message says
        nothing of the others. A relay's batch holds one message of each key. Bound the wait for each message, and
        answer a TimeoutError for it; a cancellation leaves open which messages were published, and a relay publishes
        all of them again.

        Which exception says what becomes of a message: MessageRefusedError, that it is refused for good (it goes to the
        dead letters); BrokerUnavailableError, that nothing can be delivered now (it waits, and no attempt is counted);
        any other, that this attempt failed. One that is raised stands for every message.
        """
        ...

    async def ping(self) -> None:
        """Return if the broker answers; asked where messages got a TimeoutError or ConnectionError.

        Where it does not, no attempt is counted for them.

        Raises:
            Exception: it does not answer.
        """
        ...
