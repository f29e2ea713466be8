"""Publishes until the broker takes it, as a relay does, within a limit."""

import asyncio

from uow_events import BrokerUnavailableError
from uow_events.brokers import FastStreamBroker
from uow_events.testing import make_message


async def until_taken(broker: FastStreamBroker, topic: str, payload: bytes) -> int:
    """How often the broker was away, or did not confirm, before it took the message."""
    failures = 0
    async with asyncio.timeout(60):
        while True:
            (outcome,) = await broker.publish([make_message(topic, payload)])
            if outcome is None:
                return failures
            assert isinstance(outcome, BrokerUnavailableError | TimeoutError), outcome
            failures += 1
            await asyncio.sleep(0.05)
