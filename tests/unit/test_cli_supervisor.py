"""Processes are kept running, and end together."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.unit.test_cli_relay_health import status
from uow_events import Backoff
from uow_events.cli.relaying.health import Health
from uow_events.cli.relaying.supervisor import Supervisor

LIMIT = 60
SOON = Backoff(timedelta(milliseconds=1), timedelta(milliseconds=1))
REPORT = f"print({msgspec.json.encode(status(published=1)).decode()!r}, flush=True)"
UNTIL_END = f"import sys; {REPORT}; sys.stdin.read()"
DEAF = f"import signal; {REPORT}; signal.pause()"
FIRST_DIES = """
import os, sys
first = not os.path.exists(sys.argv[1])
open(sys.argv[1], "a").close()
{report}
if first:
    os.kill(os.getpid(), 9)
sys.stdin.read()
"""


class Watched(Health):
    """Tells when a number of processes have reported, in all."""

    def __init__(self, processes: int, number: int, then: Callable[[], object]) -> None:
        super().__init__(processes)
        self._waits_for, self._then = number, then

    def heard(self, pid: int, status: object) -> None:
        super().heard(pid, status)  # type: ignore[arg-type]
        self._waits_for -= 1
        if not self._waits_for:
            self._then()


def signalled(number: int = 1) -> Callable[[], object]:
    return lambda: [os.kill(os.getpid(), signal.SIGTERM) for _ in range(number)]


async def run(supervisor: Supervisor) -> int:
    return await asyncio.wait_for(supervisor.run(), LIMIT)


async def test_all_processes_end_at_the_first_signal() -> None:
    health = Watched(3, 3, signalled())
    assert await run(Supervisor((sys.executable, "-c", UNTIL_END), 3, health)) == 0
    assert (health.plain()["published"], health.plain()["processes"]) == (3, 0)


async def test_a_process_that_dies_is_started_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    health = Watched(1, 2, signalled())
    command = (sys.executable, "-c", FIRST_DIES.format(report=REPORT), str(tmp_path / "first"))
    assert await run(Supervisor(command, 1, health, SOON)) == 0
    assert health.plain()["published"] == 2
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warning == "A relay process ended with the code -9; the next one starts in 0.0 s"


async def test_the_wait_for_the_next_start_ends_with_the_signal() -> None:
    class Ended(Health):
        def ended(self, pid: int) -> None:
            super().ended(pid)
            signalled()()

    hour = Backoff(timedelta(hours=1), timedelta(hours=1))
    assert await run(Supervisor((sys.executable, "-c", "raise SystemExit(3)"), 1, Ended(), hour)) == 0


async def test_a_mistake_of_the_user_ends_everything() -> None:
    ends: list[bool] = []

    class Counting(Supervisor):
        def end(self) -> None:
            ends.append(True)
            super().end()

    assert await run(Counting((sys.executable, "-c", "raise SystemExit(2)"), 3, Health(3))) == 2
    assert ends == [True]


async def test_the_second_signal_kills(caplog: pytest.LogCaptureFixture) -> None:
    supervisor: Supervisor
    ends = lambda: (supervisor.end(), supervisor.end())  # noqa: E731
    supervisor = Supervisor((sys.executable, "-c", DEAF), 1, Watched(1, 1, ends))
    assert await run(supervisor) == 1


async def test_a_process_that_has_just_been_started_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = Supervisor((sys.executable, "-c", UNTIL_END), 1, Health())
    start = asyncio.create_subprocess_exec

    async def start_and_end(*arguments: object, **options: object) -> asyncio.subprocess.Process:
        child = await start(*arguments, **options)  # type: ignore[arg-type]
        supervisor.end()
        return child

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_and_end)
    assert await run(supervisor) == 0
