"""Hands the rows of one round to the broker: across keys at once, within a key one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from uow_events.brokers import Broker
from uow_events.errors import BrokerUnavailableError
from uow_events.relay.claimed import Claimed
from uow_events.relay.gate import Gate
from uow_events.relay.settlement import Settlement


@dataclass(frozen=True, slots=True)
class Publishing:
    """Publishes in waves: one message of each key, then the next ones of those keys whose first was settled.

    So a message never overtakes a failed one of its key, whatever the broker does with a batch.
    """

    broker: Broker
    gate: Gate
    publish_timeout: timedelta
    round_timeout: timedelta

    async def publish(self, rows: Iterable[Claimed], settlement: Settlement, is_stopping: Callable[[], bool]) -> None:
        """Publish until nothing is left, a limit is reached, or the broker is away; `settlement` takes the outcomes.

        What a limit, the end or a lost broker leaves unpublished stays as it was. A cancellation is raised, and leaves
        in `settlement` what was confirmed before it.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self.round_timeout.total_seconds()
        chains = _chains(rows, settlement)
        while chains and not is_stopping() and loop.time() < ends_at:
            outcomes = await self._wave([chain[-1] for chain in chains])
            if not self._settle(chains, outcomes, settlement):
                return
            chains = [chain for chain in chains if chain]

    async def _wave(self, wave: Sequence[Claimed]) -> Sequence[BaseException | None]:
        """Publish one message of each chain; only a cancellation of this very call is raised."""
        try:
            async with asyncio.timeout(self.publish_timeout.total_seconds()):
                outcomes = await self.broker.publish([row.message for row in wave])
        except (Exception, asyncio.CancelledError) as error:
            if _is_cancelled():
                raise
            outcomes = [error] * len(wave)
        if len(outcomes) != len(wave):
            wrong = ValueError(f"publish() of {self.broker!r} gave {len(outcomes)} outcomes for {len(wave)} messages")
            outcomes = [wrong] * len(wave)
        return await self._doubted(outcomes) if any(_is_doubtful(outcome) for outcome in outcomes) else outcomes

    async def _doubted(self, outcomes: Sequence[BaseException | None]) -> Sequence[BaseException | None]:
        """Ask the broker whether it is there at all, where messages got no answer or lost their connection."""
        try:
            async with asyncio.timeout(self.publish_timeout.total_seconds()):
                await self.broker.ping()
        except (Exception, asyncio.CancelledError) as error:
            if _is_cancelled():
                raise
            away = BrokerUnavailableError(type(self.broker).__name__, str(error) or "no answer")
            return [away if _is_doubtful(outcome) else outcome for outcome in outcomes]
        return outcomes

    def _settle(
        self, chains: list[list[Claimed]], outcomes: Sequence[BaseException | None], settlement: Settlement
    ) -> bool:
        """Take a wave's outcomes, and drop from the chains what was settled; False where the broker is away."""
        is_there = True
        for chain, outcome in zip(chains, outcomes, strict=True):
            if isinstance(outcome, BrokerUnavailableError):
                is_there = False
                self.gate.is_away(outcome)
                continue
            row = chain.pop()
            if outcome is None:
                settlement.confirm(row)
            elif settlement.fail(row, outcome):
                while chain:
                    settlement.hold(chain.pop(), "key")
        if None in outcomes and is_there:
            self.gate.answered()
        return is_there


def _is_doubtful(outcome: BaseException | None) -> bool:
    """Whether it may be the broker that is missing, and not the message that failed."""
    is_known = isinstance(outcome, BrokerUnavailableError)
    return isinstance(outcome, TimeoutError | ConnectionError) and not is_known


def _is_cancelled() -> bool:
    """Whether this task is to end; a CancelledError that came out of the broker by itself is its failure."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _chains(rows: Iterable[Claimed], settlement: Settlement) -> list[list[Claimed]]:
    """Return the rows of each key, the next one last; those that have to wait go to the settlement."""
    chains: dict[object, list[Claimed]] = {}
    for row in rows:
        if row.fault is not None:
            settlement.fail(row, row.fault)
        elif row.waits_for is not None:
            settlement.hold(row, row.waits_for)
        else:
            chains.setdefault(row.chain, []).append(row)
    for chain in chains.values():
        chain.reverse()
    return list(chains.values())
