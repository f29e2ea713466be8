"""Runs relays in processes of their own, and starts one again that dies."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import msgspec

from uow_events.cli.relaying.health import Health
from uow_events.cli.signals import on_end
from uow_events.relay import Backoff, RelayStatus

logger = logging.getLogger("uow_events")
BACKOFF = Backoff(timedelta(seconds=1), timedelta(seconds=30))
LONG_ENOUGH = 60.0
"""Seconds after which a process that dies begins anew with the shortest wait."""
USERS_MISTAKE = 2


class Supervisor:
    """Keeps a number of processes running until SIGINT or SIGTERM, which ends them gracefully; the second, at once.

    A process that finds that the user has made a mistake ends everything. Where this process is killed, the others
    notice by the end of their standard input, and end.
    """

    def __init__(self, command: Sequence[str], processes: int, health: Health, backoff: Backoff = BACKOFF) -> None:
        self._command = command
        self._processes = processes
        self._health = health
        self._backoff = backoff
        self._children: set[Process] = set()
        self._ending = asyncio.Event()
        self._code = 0

    async def run(self) -> int:
        """Run the processes, and return the exit code: 0, 1 where one was cut short, 2 for a mistake of the user."""
        with on_end(self.end):
            async with asyncio.TaskGroup() as group:
                for number in range(self._processes):
                    group.create_task(self._keep_one(), name=f"relay process {number}")
        return self._code

    def end(self) -> None:
        """End all processes gracefully; the second time, at once."""
        for child in self._children:
            if self._ending.is_set():
                with suppress(ProcessLookupError):
                    child.kill()
            else:
                _end_input(child)
        self._ending.set()

    async def _keep_one(self) -> None:
        loop, failures = asyncio.get_running_loop(), 0
        while not self._ending.is_set():
            began = loop.time()
            code = await self._run_one()
            if code == USERS_MISTAKE and not self._ending.is_set():
                self.end()
            if self._ending.is_set():
                self._code = max(self._code, code if code in (0, USERS_MISTAKE) else 1)
                return
            failures = 1 if loop.time() - began > LONG_ENOUGH else failures + 1
            wait = self._backoff.after(failures).total_seconds()
            logger.warning("A relay process ended with the code %s; the next one starts in %.1f s", code, wait)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), wait)

    async def _run_one(self) -> int:
        child = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, start_new_session=True)
        self._children.add(child)
        if self._ending.is_set():
            _end_input(child)
        try:
            assert child.stdout is not None
            async for line in child.stdout:
                self._health.heard(child.pid, _status(line))
            return await child.wait()
        finally:
            self._children.discard(child)
            self._health.ended(child.pid)


def _end_input(child: Process) -> None:
    assert child.stdin is not None
    child.stdin.close()


def command_of(target: str) -> Sequence[str]:
    """Return the command of one process."""
    program = "import sys; from uow_events.cli.relaying.child import main; sys.exit(main(sys.argv[1]))"
    return (sys.executable, "-c", program, target)


_status = msgspec.json.Decoder(RelayStatus).decode
