"""Tells how relays stand: a line on a terminal or in the log, a file that is touched, an answer over HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from rich.live import Live
from rich.text import Text

from uow_events.cli.output import ago
from uow_events.cli.relaying.health import Health
from uow_events.errors import InvalidArgumentError

logger = logging.getLogger("uow_events")
LOG_INTERVAL = 10.0
"""Seconds between two log lines while nothing becomes better or worse."""
REQUEST_TIMEOUT = 5.0


class LogLines:
    """A line at the start and the end, every ten seconds, and whenever the health changes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_at = float("-inf")
        self._problems: list[str] | None = None

    def __call__(self, health: Health) -> None:
        """Log a line, where it is time for one."""
        now, problems = self._clock(), health.problems
        if problems != self._problems or now - self._last_at >= LOG_INTERVAL:
            self._last_at, self._problems = now, problems
            level = logging.WARNING if problems else logging.INFO
            logger.log(level, "Relay status", extra={"relay": health.plain()})


class ProgressLine:
    """One line of a terminal, written anew each time."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def __call__(self, health: Health) -> None:
        """Show how the relays stand."""
        self._live.update(Text(line_of(health)), refresh=True)


def line_of(health: Health) -> str:
    """Return how relays stand, in one line."""
    known = health.plain()
    counts = "  ".join(f"{name} {known[name]:,}" for name in ("published", "failed", "dead"))
    state = "; ".join(known["problems"]) or "well"
    return f"{counts}  oldest {ago(timedelta(seconds=known['oldest']))}  processes {known['processes']}  {state}"


class LivenessFile:
    """A file whose time of change says when the relays were well for the last time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.open("a").close()
        except OSError as error:
            raise InvalidArgumentError("--liveness-file", f"a file that can be written, and is none: {error}") from None

    def __call__(self, health: Health) -> None:
        """Touch the file where the relays are well."""
        if not health.problems:
            with suppress(OSError):  # an old file says what there is to say
                self._path.touch()


@asynccontextmanager
async def answering(port: int | None, health: Health) -> AsyncGenerator[None]:
    """Answer every request on a port with 200 where the relays are well, and 503 where not, and what is known as JSON.

    Raises:
        InvalidArgumentError: the port cannot be had.
    """
    if port is None:
        yield
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(REQUEST_TIMEOUT):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(health))
                await writer.drain()
        writer.close()

    try:
        server = await asyncio.start_server(answer, None, port)
    except OSError as error:
        raise InvalidArgumentError("--health-port", f"a free port, and is {port}: {error}") from None
    async with server:
        yield


def _response(health: Health) -> bytes:
    known = health.plain()
    status = "200 OK" if known["healthy"] else "503 Service Unavailable"
    body = json.dumps(known).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n".encode() + body
