"""Where relay processes publish to: a broker that outlives them, and remembers what it got."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

LINE = 2**24


class Sink:
    """Keeps every confirmed message in `got`, as (event id, payload), in the order of arrival."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.tried: Counter[str] = Counter()
        self.outcome_of: Callable[[str], str] = lambda payload: ""
        self.count = 0
        self.delay = 0.0
        self.arrived = asyncio.Condition()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen: at first on a port that is free, later on the same one again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=LINE)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up, also in the middle of a batch."""
        assert self._server
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until(self, count: int) -> None:
        """Wait until so many messages have been confirmed in all."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: self.count >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            batch = json.loads(await reader.readline() or "[]")
            outcomes = self._take_all(batch)
            async with self.arrived:
                self.arrived.notify_all()
            await asyncio.sleep(self.delay)
            writer.write(json.dumps(outcomes).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the relay was killed, or the sink stopped
        finally:
            writer.close()
            self._tasks.discard(task)

    def _take_all(self, batch: list[tuple[str, str]] | int) -> list[str]:
        """Take messages, or just their number, all of which are confirmed then."""
        if isinstance(batch, int):
            self.count += batch
            return [""] * batch
        return [self._take(id, payload) for id, payload in batch]

    def _take(self, id: str, payload: str) -> str:
        self.tried[payload] += 1
        outcome = self.outcome_of(payload)
        if not outcome:
            self.count += 1
            self.got.append((id, payload))
        return outcome

    @property
    def duplicates(self) -> set[str]:
        return {payload for payload, times in Counter(payload for _, payload in self.got).items() if times > 1}

    def assert_delivered(self, payloads: Iterable[str]) -> None:
        """Every payload "key:number" arrived, under one event id, in the order of its key once duplicates are gone."""
        first = list(dict.fromkeys(self.got))
        assert len({payload for _, payload in first}) == len(first), "a message came with two ids"
        expected: dict[str, list[str]] = {}
        arrived: dict[str, list[str]] = {}
        for sequence, into in ((payloads, expected), ((payload for _, payload in first), arrived)):
            for payload in sequence:
                into.setdefault(payload.partition(":")[0], []).append(payload)
        assert arrived == expected


def numbered(rows: int, keys: int = 20, start: int = 0) -> list[str]:
    """Payloads with rising numbers, one after another for each key."""
    return [f"{n % keys}:{n}" for n in range(start, start + rows)]


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    await sink.start()
    try:
        yield sink
    finally:
        await sink.stop()
