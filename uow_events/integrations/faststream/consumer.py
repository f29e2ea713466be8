"""Consumes the messages of a broker: one transaction for each, and the acknowledgement after it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from uow_events.errors import (
    ConsumptionInProgressError,
    InvalidArgumentError,
    SchemaNotMigratedError,
    UnknownMessageTypeError,
    UnreadableMessageError,
    name_of,
)
from uow_events.integrations.faststream.attributes import received
from uow_events.integrations.faststream.subscribing import Context, StreamMessage, SubscribesTo, options_for
from uow_events.mediator import Mediator
from uow_events.messages import Command, NotificationEvent, ReceivedMessage, WireContract
from uow_events.outbox import DATABASE_ERRORS
from uow_events.relay import Backoff
from uow_events.unit_of_work import hide_parameters

logger = logging.getLogger("uow_events")
Unknown: TypeAlias = Literal["dead_letter", "ignore"]
E = TypeVar("E", bound=NotificationEvent)
Makes: TypeAlias = Callable[[E], Command[Any]]
BACKOFF = Backoff(timedelta(milliseconds=200), timedelta(seconds=30))


class Consumer:
    """Takes CloudEvents messages from subscribers of FastStream into a mediator's transactions.

    Each message takes effect once, in one transaction that also stores that it was consumed, and is acknowledged after
    the commit; delivered again, it is acknowledged and does nothing. A message that fails stays unacknowledged and is
    tried again here, with growing waits, so that what comes behind it in its partition or queue stays behind it. After
    `max_attempts`, counted in the database over restarts, it becomes a dead letter and is acknowledged. One that cannot
    be read becomes one at once. While the database is away, it waits.

    Args:
        mediator: whose handlers handle the events, and the commands made of them.
        name: what this consumer is remembered by: keep it for good, and give it to nobody else.
        contract: the events that it reads.
        max_attempts: how often a message is tried.
        backoff: the waits between the attempts.
        unknown: what becomes of messages whose type the contract does not know: dead letters, or nothing at all. Both
            are logged, once per type.

    Raises:
        InvalidArgumentError: an argument is not what it must be.
    """

    def __init__(
        self,
        mediator: Mediator,
        name: str,
        contract: WireContract,
        *,
        max_attempts: int = 5,
        backoff: Backoff = BACKOFF,
        unknown: Unknown = "dead_letter",
    ) -> None:
        if unknown not in ("dead_letter", "ignore"):
            raise InvalidArgumentError("unknown", f'"dead_letter" or "ignore", and is {unknown!r}')
        self.mediator = mediator
        self.name = name
        self.contract = contract
        self.unknown = unknown
        self._backoff = backoff
        self._inbox = mediator.inbox(name, max_attempts=max_attempts)
        self._makers: dict[type[NotificationEvent], Makes[Any]] = {}
        self._reported: set[str] = set()

    def command_for(self, event: type[E]) -> Callable[[Makes[E]], Makes[E]]:
        """Register a function that makes a command of an event; it is sent in place of handling the event.

        Raises:
            InvalidArgumentError: the contract does not know the event, or it has such a function already.
        """
        if event not in self.contract.events or event in self._makers:
            wanted = "an event of the contract for which no command is made yet"
            raise InvalidArgumentError("event", f"{wanted}, and is {name_of(event)}")

        def register(makes: Makes[E]) -> Makes[E]:
            self._makers[event] = makes
            return makes

        return register

    def subscribe(self, broker: SubscribesTo, *args: Any, **options: Any) -> Any:
        """Return a subscriber of the broker, made with these arguments, whose messages are consumed here.

        Acknowledging is the consumer's. Kafka needs a `group_id`, NATS a `stream` and a `durable`, Redis a `stream`
        that is a StreamSub with a group and a consumer.

        Raises:
            InvalidArgumentError: the broker is none of these, or the subscriber would lose messages.
        """
        ours = options_for(broker, options)
        subscriber = broker.subscriber(*args, **ours)

        async def consume(body: Any, message: Annotated[StreamMessage[Any], Context("message")]) -> None:
            await self.consume(message)

        subscriber(consume, decoder=_undecoded)
        return subscriber

    async def consume(self, message: StreamMessage[Any]) -> None:
        """Consume a message, and acknowledge it; for a handler of your own, with AckPolicy.MANUAL.

        It returns once the message has been consumed or given up. A cancellation leaves it unacknowledged.
        """
        one, problem = received(message)
        while True:
            error = problem or await self._attempt(one)
            wait = None if error is None else await self._settled(one, error)
            if wait is None:
                break
            await asyncio.sleep(wait)
            await _still_at_work(message)
        await message.ack()

    async def _attempt(self, message: ReceivedMessage) -> Exception | None:
        try:
            event = self.contract.read(message.type, message.version, message.payload)
            makes = self._makers.get(type(event))
            await self.mediator.consume(
                event if makes is None else makes(event),
                consumer=self.name,
                message_id=message.id,
                source=message.source,
                headers=message.headers,
            )
        except Exception as error:
            return error
        return None

    async def _settled(self, message: ReceivedMessage, error: Exception) -> float | None:
        """Return after how many seconds to try again, or None where the message can be acknowledged."""
        if isinstance(error, UnknownMessageTypeError):
            self._report(error)
            if self.unknown == "ignore":
                return None
        if isinstance(error, ConsumptionInProgressError):
            return self._seconds(1)
        is_final = isinstance(error, UnknownMessageTypeError | UnreadableMessageError)
        attempts = await self._counted(message, error, is_final)
        if attempts is None:
            logger.error("%s gave up %s: %s", self.name, _named(message), name_of(error), exc_info=error)
            return None
        wait = self._seconds(attempts)
        text = "%s failed with %s: %s; attempt %d begins in %.1f s"
        logger.warning(text, self.name, _named(message), name_of(error), attempts + 1, wait, exc_info=error)
        return wait

    async def _counted(self, message: ReceivedMessage, error: Exception, is_final: bool) -> int | None:
        """Count a failure, as soon as the database is there to count it."""
        tries = 0
        while True:
            try:
                return await self._inbox.failed(message, error, is_final=is_final)
            except (*DATABASE_ERRORS, SchemaNotMigratedError) as away:
                tries += 1
                wait = self._seconds(tries)
                hide_parameters(away)
                level = logging.WARNING if tries == 1 else logging.DEBUG
                logger.log(level, "%s waits %.1f s for the database: %s", self.name, wait, name_of(away), exc_info=away)
                await asyncio.sleep(wait)

    def _report(self, error: UnknownMessageTypeError) -> None:
        if error.type_name not in self._reported:
            self._reported.add(error.type_name)
            logger.warning("%s: %s", self.name, error)

    def _seconds(self, failures: int) -> float:
        return self._backoff.after(failures).total_seconds()


def _named(message: ReceivedMessage) -> str:
    return f"{message.type or 'a message without a type'} {message.id} of {message.topic}"


async def _undecoded(message: StreamMessage[Any]) -> Any:
    return message.body


async def _still_at_work(message: StreamMessage[Any]) -> None:
    """Tell a broker that counts the time until the acknowledgement, as NATS does."""
    tell = getattr(message, "in_progress", None)
    if tell is not None:
        await tell()
