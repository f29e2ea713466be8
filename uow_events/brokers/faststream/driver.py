"""What the kinds of brokers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from uow_events.brokers.faststream.limits import Limits
from uow_events.brokers.faststream.pipelining import send_each
from uow_events.brokers.message import BrokerMessage
from uow_events.errors import BrokerUnavailableError, MessageRefusedError


class Driver(ABC):
    """One kind of broker: how a message is sent, confirmed and refused there; its methods raise its client's errors."""

    LOST: ClassVar[tuple[type[BaseException], ...]] = ()
    """Errors, beside ConnectionError and OSError, that say that the broker is away."""
    LATE: ClassVar[tuple[type[BaseException], ...]] = ()
    """Errors, beside TimeoutError, that say that it did not answer in time."""

    def __init__(self, broker: Any, limits: Limits) -> None:
        self.broker = broker
        self.limits = limits

    async def connect(self) -> None:
        """Connect, where that has not been done."""
        await self.broker.connect()

    async def close(self) -> None:
        """Close what connect() opened."""
        await self.broker.stop()

    @abstractmethod
    async def ping(self) -> None:
        """Ask the broker for an answer."""

    @abstractmethod
    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        """Send the messages, and return what each of them met; only a cancellation is raised."""

    @abstractmethod
    def why_refused(self, error: BaseException) -> str | None:
        """Return why the broker will never take this message, or None."""

    def outcome(self, message: BrokerMessage, error: BaseException | None) -> BaseException | None:
        """Return what a relay is to hear of an error; one that says neither never nor away is a failed attempt."""
        if error is None:
            return None
        outcome: BaseException = error
        if (reason := self.why_refused(error)) is not None:
            outcome = MessageRefusedError(message.topic, reason)
        elif isinstance(error, (TimeoutError, *self.LATE)):
            outcome = TimeoutError(text_of(error))
        elif isinstance(error, (ConnectionError, OSError, *self.LOST)):
            outcome = self.unavailable(error)
        if outcome is not error:
            outcome.__cause__ = error
        return outcome

    def unavailable(self, error: BaseException) -> BrokerUnavailableError:
        """Return the error for a broker that is away."""
        return BrokerUnavailableError(type(self.broker).__name__, text_of(error).rstrip("."))


class OneByOneDriver(Driver):
    """A broker whose client takes and confirms each message by itself; many are on their way at a time."""

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        """Send each message."""
        return await send_each(messages, self.send, self.limits)

    @abstractmethod
    async def send(self, message: BrokerMessage) -> None:
        """Send one message, and return when the broker has confirmed it."""

    async def _through_middlewares(self, command: Any, send: Callable[[Any], Awaitable[object]]) -> None:
        """Send a command of FastStream as its own publish() does, through the broker's middlewares."""
        for middleware in reversed(self.broker.middlewares):
            send = partial(middleware(None, context=self.broker.context).publish_scope, send)
        await send(command)


def text_of(error: BaseException) -> str:
    """Return an error's text, or its name where it has none."""
    return str(error) or type(error).__name__
