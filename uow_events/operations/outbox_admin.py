"""Looks after an outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from uow_events.errors import InvalidArgumentError
from uow_events.operations.blocked_key import BlockedKey
from uow_events.operations.dead_letter import DeadLetter
from uow_events.operations.dead_letter_filter import ALL, DeadLetterFilter
from uow_events.operations.outbox_status import OutboxStatus
from uow_events.operations.statements import Statements
from uow_events.operations.topic_status import TopicStatus
from uow_events.operations.transactions import Transactions
from uow_events.outbox import channel_of

MAX_TOPIC_LENGTH = 255


class OutboxAdmin:
    """Looks at the outbox of a schema, and does what an operator does to it, while relays run.

    Whatever changes rows takes the lock of their shard, as a relay does, and so waits for the rounds that run, for
    `lock_timeout` at most. Each shard's part is a transaction of its own, except for resume_topic(): an error leaves
    whole shards done or as they were, and the call can be repeated.

    Args:
        engine: a PostgreSQL engine on asyncpg; one connection at a time is used.
        schema: where the tables are.
        lock_timeout: above the relays' `round_timeout` and `publish_timeout` together.

    Raises:
        InvalidArgumentError: an argument is not what it must be.
        SchemaNotMigratedError: from every method, where the tables are not there.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        schema: str = "uow_events",
        lock_timeout: timedelta = timedelta(minutes=2),
    ) -> None:
        _check(engine, lock_timeout)
        self._schema = schema
        self._statements = Statements.of(schema)
        self._transactions = Transactions(engine, self._statements, lock_timeout)

    async def status(self) -> OutboxStatus:
        """Count what waits, topic by topic; reads every row of the outbox, though no payload."""
        async with self._transactions.reading() as driver:
            head = await driver.fetchrow(self._statements.blocked)
            rows = await driver.fetch(self._statements.topics)
        topics = [TopicStatus(**row) for row in rows]
        return OutboxStatus(looked_at=head["looked_at"], blocked_keys=head["blocked_keys"], topics=topics)

    async def blocked_keys(self, *, limit: int = 100) -> Sequence[BlockedKey]:
        """Return keys that wait for a failed message, the one whose next attempt comes first at the head."""
        async with self._transactions.reading() as driver:
            return [BlockedKey(**row) for row in await driver.fetch(self._statements.blocked_keys, limit)]

    async def dead_letters(
        self, matching: DeadLetterFilter = ALL, *, limit: int = 100, after: int = 0, payload: bool = False
    ) -> Sequence[DeadLetter]:
        """Return dead letters with ids above `after`, in their order; with payloads only where that is asked for."""
        async with self._transactions.reading() as driver:
            statement = self._statements.dead_letters
            rows = await driver.fetch(statement, *matching.parameters, after, limit, payload)
        return [_letter(row) for row in rows]

    async def count_dead_letters(self, matching: DeadLetterFilter = ALL, *, replayable: bool = False) -> int:
        """Return how many dead letters discard() would take now; with `replayable`, replay()."""
        return sum((await self._dead_shards(matching, replayable)).values())

    async def replay(self, matching: DeadLetterFilter = ALL) -> int:
        """Put dead letters back into the outbox, to be delivered anew, and return how many.

        Each keeps its event id and has all its attempts again. It goes to the end of its key's messages, and those of
        one key keep the order among themselves; where the key is blocked or the topic paused, it waits like others.
        What a consumer has given up came from a broker, and does not go back there: it stays.

        Raises:
            OutboxBusyError: a relay held a shard for longer than the lock timeout.
        """
        number = await self._on_dead(self._statements.replay, matching, replayable=True)
        await self._wake()
        return number

    async def discard(self, matching: DeadLetterFilter = ALL) -> int:
        """Delete dead letters for good, and return how many.

        Raises:
            OutboxBusyError: a relay held a shard for longer than the lock timeout.
        """
        return await self._on_dead(self._statements.discard, matching)

    async def pause_topic(self, topic: str) -> bool:
        """Deliver no more of a topic, on any relay, and return whether it was not paused before.

        What a relay has claimed already it still delivers. Other topics go on, those of the same keys too.

        Raises:
            InvalidArgumentError: the topic is none.
        """
        _check_topic(topic)
        async with self._transactions.unlocked() as driver:
            return bool(await driver.fetchval(self._statements.pause, topic))

    async def resume_topic(self, topic: str) -> int:
        """Deliver a topic again, what waited for it first and in its order; return how many messages that were.

        In one transaction that holds every shard, since a message must not overtake those of its key that waited: no
        relay begins anything meanwhile.

        Raises:
            InvalidArgumentError: the topic is none.
            OutboxBusyError: a relay held a shard for longer than the lock timeout.
        """
        _check_topic(topic)
        async with self._transactions.all_shards() as driver:
            await driver.execute(self._statements.unpause, topic)
            number: int = await driver.fetchval(self._statements.release, topic)
        await self._wake()
        return number

    async def skip_topic(self, topic: str) -> int:
        """Move all messages of a topic to the dead letters, whatever they wait for, and return how many.

        Nothing is lost: replay() puts them back. Later messages are not concerned.

        Raises:
            InvalidArgumentError: the topic is none.
            OutboxBusyError: a relay held a shard for longer than the lock timeout.
        """
        _check_topic(topic)
        async with self._transactions.reading() as driver:
            shards = [row["shard"] for row in await driver.fetch(self._statements.topic_shards, topic)]
        number = 0
        for shard in shards:
            async with self._transactions.shard(shard) as driver:
                number += await driver.fetchval(self._statements.skip, topic, shard)
                await driver.execute(self._statements.unblock, shard)
        return number

    async def _dead_shards(self, matching: DeadLetterFilter, replayable: bool) -> dict[int, int]:
        async with self._transactions.reading() as driver:
            rows = await driver.fetch(self._statements.dead_shards, *matching.parameters, replayable)
        return {row["shard"]: row["number"] for row in rows}

    async def _on_dead(self, statement: str, matching: DeadLetterFilter, *, replayable: bool = False) -> int:
        number = 0
        for shard in await self._dead_shards(matching, replayable):
            async with self._transactions.shard(shard) as driver:
                number += await driver.fetchval(statement, *matching.parameters, shard)
        return number

    async def _wake(self) -> None:
        """Wake relays, after the commit; one that does not hear it finds the rows at its next look."""
        async with self._transactions.unlocked() as driver:
            await driver.execute("SELECT pg_notify($1, '')", channel_of(self._schema))


def _letter(row: Mapping[str, Any]) -> DeadLetter:
    fields = dict(row)
    fields["headers"] = _decode(row["headers"])
    return DeadLetter(**fields)


def _check(engine: Any, lock_timeout: Any) -> None:
    if not isinstance(engine, AsyncEngine) or engine.dialect.driver != "asyncpg":
        raise InvalidArgumentError("engine", f"an AsyncEngine on asyncpg, and is {engine!r}")
    if not isinstance(lock_timeout, timedelta) or not timedelta(milliseconds=1) <= lock_timeout <= timedelta(days=24):
        raise InvalidArgumentError(
            "lock_timeout", f"a timedelta from 1 millisecond to 24 days, and is {lock_timeout!r}"
        )


def _check_topic(topic: Any) -> None:
    if not isinstance(topic, str) or not 0 < len(topic) <= MAX_TOPIC_LENGTH:
        raise InvalidArgumentError("topic", f"a text of 1 to {MAX_TOPIC_LENGTH} characters, and is {topic!r}")


_decode = msgspec.json.Decoder(dict[str, str]).decode
