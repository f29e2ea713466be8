"""One process of several: runs a relay, reports on its standard output, and ends with the process that started it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import msgspec

from uow_events.cli.loading import load_relay
from uow_events.cli.relaying.logs import configure_logging
from uow_events.cli.relaying.running import INTERVAL, Running
from uow_events.errors import UowEventsError

STDIN = 0


def main(target: str) -> int:
    """Run a relay until SIGTERM or the end of standard input; return the exit code."""
    reports = _own_stdout()
    try:
        relay = load_relay(target)
        configure_logging(is_terminal=sys.stderr.isatty())
        return asyncio.run(_run(Running(relay), STDIN, reports))
    except UowEventsError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2


async def _run(running: Running, source: int, reports: int, interval: float = INTERVAL) -> int:
    def report(status: object) -> None:
        with suppress(OSError):  # whoever reads them is gone, and the end of standard input says so too
            os.write(reports, msgspec.json.encode(status) + b"\n")

    with _at_end_of(source, running.end):
        return await running.until_end(report, interval)


def _own_stdout() -> int:
    """Keep standard output for reports; what the application prints goes to standard error."""
    reports = os.dup(1)
    os.dup2(2, 1)
    return reports


@contextmanager
def _at_end_of(source: int, call: Callable[[], object]) -> Generator[None]:
    """Call something when nothing more can come from a pipe, since its other end is gone."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(source, 1024):
            loop.remove_reader(source)
            call()

    loop.add_reader(source, read)
    try:
        yield
    finally:
        loop.remove_reader(source)
