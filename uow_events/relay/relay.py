"""Delivers what is in the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.brokers import Broker
from uow_events.errors import RelayRunningError
from uow_events.outbox import Outbox, channel_of
from uow_events.relay.arguments import check_arguments
from uow_events.relay.backoff import Backoff
from uow_events.relay.delivery import Delivery, Until
from uow_events.relay.gate import Gate
from uow_events.relay.listening import Listener
from uow_events.relay.publishing import Publishing
from uow_events.relay.round import Round
from uow_events.relay.shards import Shards
from uow_events.relay.statements import Statements
from uow_events.relay.status import RelayStatus


class Relay:
    """Takes rows of the outbox to a broker, and deletes each when the broker has confirmed it.

    At least once, and for messages of one key in the order of their ids; a message that fails holds the later ones of
    its key back until it is delivered or, after `max_attempts`, among the dead letters. Any number of relays, in any
    number of processes, share the work: a shard is locked for the length of one transaction. Where one is killed, the
    rows that it had not settled are delivered again, by another one or later.

    Args:
        engine: for its own connections: one for each round that runs, at most `concurrency`, and one to listen.
        broker: where messages go.
        outbox: the Outbox of this process's mediator, which wakes the relay after each commit and says which schema; by
            default one with the default schema.
        topics: the topics it serves; by default all. Relays that share a key's topics among themselves keep its order
            within the topics of each.
        max_attempts: how often a message is tried before it goes to the dead letters.
        backoff: the wait between the attempts of a message.
        batch_size, max_batch_bytes: rows, and bytes of payload, of one round at most (one message goes in any case).
        concurrency: rounds, on different shards, at a time.
        publish_timeout: for one call of the broker; what has not been confirmed then counts as failed.
        round_timeout: after which a round begins no further call.
        stop_timeout: how long the end waits for the calls that run, before it cancels them.
        poll_interval: the longest pause between two looks when nothing wakes the relay.

    Raises:
        InvalidArgumentError: an argument is not what it must be.
    """

    _is_running = False
    _task: asyncio.Task[None] | None = None

    def __init__(
        self,
        engine: AsyncEngine,
        broker: Broker,
        *,
        outbox: Outbox | None = None,
        topics: Sequence[str] | None = None,
        max_attempts: int = 10,
        backoff: Backoff = Backoff(),  # noqa: B008
        batch_size: int = 500,
        max_batch_bytes: int = 16 * 2**20,
        concurrency: int = 2,
        publish_timeout: timedelta = timedelta(seconds=30),
        round_timeout: timedelta = timedelta(seconds=60),
        stop_timeout: timedelta = timedelta(seconds=30),
        poll_interval: timedelta = timedelta(seconds=1),
    ) -> None:
        outbox = outbox if outbox is not None else Outbox()
        check_arguments(locals())
        statements = Statements.of(outbox.schema)
        served = None if topics is None else list(topics)
        self._delivery = Delivery(
            shards=Shards(statements, served),
            round=Round(
                engine=engine,
                statements=statements,
                publishing=Publishing(broker, Gate("broker"), publish_timeout, round_timeout),
                topics=served,
                batch_size=batch_size,
                max_batch_bytes=max_batch_bytes,
                max_attempts=max_attempts,
                backoff=backoff,
            ),
            concurrency=concurrency,
            poll_interval=poll_interval.total_seconds(),
            stop_timeout=stop_timeout.total_seconds(),
            listener=Listener(engine, channel_of(outbox.schema), self._woken),
        )
        self._outbox = outbox

    @property
    def engine(self) -> AsyncEngine:
        """The engine that it was made with, which is its owner's to dispose of."""
        return self._delivery.round.engine

    @property
    def broker(self) -> Broker:
        """The broker that it was made with."""
        return self._delivery.round.publishing.broker

    @property
    def status(self) -> RelayStatus:
        """What it has done since it was made, and how it stands."""
        delivery = self._delivery
        return RelayStatus(
            published=delivery.published,
            failed=delivery.failed,
            dead=delivery.dead,
            looks=delivery.looks,
            oldest=delivery.oldest,
            is_broker_available=delivery.broker.is_open,
            is_database_available=delivery.database.is_open,
        )

    async def run(self) -> None:
        """Deliver until stop(), through lost brokers and databases; a cancellation settles what was confirmed.

        Raises:
            SchemaNotMigratedError: the tables are not there, or not as this release needs them.
            RelayRunningError: it runs already.
        """
        await self._begin(until="stopped")

    async def drain(self, *, retries: bool = True) -> None:
        """Deliver until nothing is left that it serves, or until stop().

        Failed messages are tried again at their time, until they are delivered or among the dead letters; without
        `retries` they stay for another time, with those behind them. What is to be delivered at a later time, and what
        is of a paused topic, stays in any case.

        Raises:
            SchemaNotMigratedError: the tables are not there, or not as this release needs them.
            RelayRunningError: it runs already.
        """
        await self._begin(until="empty" if retries else "idle")

    def stop(self) -> None:
        """Begin no further call of the broker; run() or drain() returns when those that run are settled."""
        self._delivery.stop()

    async def __aenter__(self) -> Self:
        """Deliver beside the block, for an application's lifespan.

        Raises:
            RelayRunningError: it runs already.
        """
        self._task = asyncio.create_task(self._begin(until="stopped"), name="relay")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop, and wait until what is being published is settled.

        Raises:
            SchemaNotMigratedError: for which it ended before.
        """
        assert self._task is not None
        self.stop()
        await self._task

    def _woken(self) -> None:
        self._delivery.wake()

    def _begin(self, *, until: Until) -> Coroutine[Any, Any, None]:
        if self._is_running:
            raise RelayRunningError
        self._is_running = True
        self._delivery.begin()
        return self._run(until)

    async def _run(self, until: Until) -> None:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._delivery.wake)

        self._outbox.add_listener(wake)
        try:
            await self._delivery.run(until)
        finally:
            self._outbox.remove_listener(wake)
            self._is_running = False
