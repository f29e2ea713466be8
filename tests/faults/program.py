"""A relay in a process of its own: given the URL, the sink's port and options as JSON, it delivers to the sink.

`dies_at` names a point at which it kills itself as kill -9 would; `skew` sets its wall clock off by seconds; with
`counts` the sink is told how many messages there are, and nothing of them.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import create_async_engine

from uow_events import Backoff, BrokerMessage, BrokerUnavailableError, MessageRefusedError, Relay
from uow_events.relay.round import Round

OUTCOMES = {"refused": MessageRefusedError("t", "poison"), "failed": RuntimeError("no"), "timeout": TimeoutError()}
LINE = 2**24


class SinkBroker:
    """Sends each batch as one line, and takes one line of outcomes for it."""

    def __init__(self, port: int, dies_at: str | None, counts: bool) -> None:
        self.port = port
        self.counts = counts
        self.dies_at = dies_at

    async def publish(self, messages: Sequence[BrokerMessage]) -> Sequence[BaseException | None]:
        self.reach("claimed")
        batch = [(str(message.id), message.payload.decode()) for message in messages] if not self.counts else []
        outcomes = await self._ask(len(messages) if self.counts else batch)
        self.reach("published")
        return [OUTCOMES.get(outcome) for outcome in outcomes]

    async def ping(self) -> None:
        await self._ask([])

    async def _ask(self, batch: list[tuple[str, str]] | int) -> list[str]:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=LINE)
            writer.write(json.dumps(batch).encode() + b"\n")
            answer = await reader.readline()
            writer.close()
        except OSError as error:
            raise BrokerUnavailableError("sink", str(error)) from error
        if not answer:
            raise BrokerUnavailableError("sink", "it hung up")
        return list(json.loads(answer))

    def reach(self, point: str) -> None:
        if point == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, port: str, given: str) -> None:
    options: dict[str, Any] = json.loads(given)
    if skew := options.pop("skew", 0):
        real = time.time
        time.time = lambda: real() + skew
    broker = SinkBroker(int(port), options.pop("dies_at", None), options.pop("counts", False))
    settle = Round._settle

    async def dying(self: Round, *given: Any) -> None:
        await settle(self, *given)
        broker.reach("settled")

    Round._settle = dying  # type: ignore[method-assign]
    until_stopped = options.pop("until_stopped", False)
    engine = create_async_engine(url, connect_args={"server_settings": {"application_name": "relay"}})
    soon = Backoff(timedelta(milliseconds=1), timedelta(milliseconds=options.pop("backoff", 20)))
    relay = Relay(engine, broker, backoff=soon, poll_interval=timedelta(milliseconds=50), **options)
    await (relay.run() if until_stopped else relay.drain())
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
