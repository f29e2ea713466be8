"""A broker in this process whose outcomes a test decides."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from uow_events import BrokerMessage

Outcome = BaseException | None


class ScriptedBroker:
    """Keeps what it confirmed in `delivered`, as payloads; `outcome_of` decides by payload and attempt, from 1."""

    def __init__(self, outcome_of: Callable[[str, int], Outcome] = lambda payload, attempt: None) -> None:
        self.outcome_of = outcome_of
        self.delivered: list[str] = []
        self.tried: Counter[str] = Counter()
        self.batches: list[list[str]] = []
        self.is_there = True
        self.pinged = asyncio.Event()

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[Outcome]:
        payloads = [message.payload.decode() for message in messages]
        self.batches.append(payloads)
        return [self._outcome(payload) for payload in payloads]

    def _outcome(self, payload: str) -> Outcome:
        self.tried[payload] += 1
        outcome = self.outcome_of(payload, self.tried[payload])
        if outcome is None:
            self.delivered.append(payload)
        return outcome

    async def ping(self) -> None:
        self.pinged.set()
        if not self.is_there:
            raise ConnectionRefusedError("nobody listens")

    def of_key(self, key: str) -> list[str]:
        return [payload for payload in self.delivered if payload.startswith(f"{key}:")]


class Unreliable(Exception):
    """What a broker says that may do better next time."""
