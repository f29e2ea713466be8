"""When the relays of a command are well, and how that is told."""

import asyncio
import io
import json
import logging
import os
import socket
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.live import Live

from uow_events import InvalidArgumentError, RelayStatus
from uow_events.cli.relaying.health import STALLED_AFTER, Health
from uow_events.cli.relaying.logs import JsonLines, configure_logging
from uow_events.cli.relaying.telling import LOG_INTERVAL, LivenessFile, LogLines, ProgressLine, answering

LIMIT = 30


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def status(**given: Any) -> RelayStatus:
    fields: dict[str, Any] = {
        "published": 0,
        "failed": 0,
        "dead": 0,
        "looks": 1,
        "oldest": timedelta(0),
        "is_broker_available": True,
        "is_database_available": True,
    }
    return RelayStatus(**fields | given)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock=clock)


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({}, []),
        ({"looks": 0}, ["not started yet"]),
        ({"is_broker_available": False}, ["the broker cannot be reached"]),
        ({"is_database_available": False}, ["the database cannot be reached"]),
    ],
)
def test_a_relay_is_well_while_it_reaches_what_it_needs(
    health: Health, given: dict[str, Any], problems: list[str]
) -> None:
    assert health.problems == ["a process is not running"]
    health.heard(1, status(**given))
    assert health.problems == problems


def test_a_relay_that_looks_for_work_no_more_has_stalled(health: Health, clock: Clock) -> None:
    health.heard(1, status(looks=1))
    clock.now = STALLED_AFTER
    health.heard(1, status(looks=1))
    assert health.problems == []
    clock.now += 1
    assert health.problems == ["a relay has stalled"]
    health.heard(1, status(looks=2))
    assert health.problems == []


def test_what_ended_processes_have_done_counts(clock: Clock) -> None:
    health = Health(2, clock)
    health.heard(1, status(published=2, failed=1, oldest=timedelta(seconds=3)))
    health.heard(2, status(published=5, dead=1, oldest=timedelta(seconds=4)))
    health.ended(1)
    health.ended(1)
    assert health.plain() == {
        "healthy": False,
        "problems": ["a process is not running"],
        "published": 7,
        "failed": 1,
        "dead": 1,
        "oldest": 4.0,
        "processes": 1,
    }


def test_the_log_has_a_line_at_times_and_whenever_something_changes(
    health: Health, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    lines = LogLines(clock)
    caplog.set_level(logging.INFO, "uow_events")
    for now, given in ((0, {}), (1, {}), (2, {"is_broker_available": False}), (3, {}), (3 + LOG_INTERVAL, {})):
        clock.now = now
        health.heard(1, status(**given))
        lines(health)
    said = [(record.levelname, record.relay["problems"]) for record in caplog.records]  # type: ignore[attr-defined]
    assert said == [("INFO", []), ("WARNING", ["the broker cannot be reached"]), ("INFO", []), ("INFO", [])]


def test_a_terminal_has_one_line(health: Health) -> None:
    out = io.StringIO()
    health.heard(1, status(published=1234, oldest=timedelta(seconds=90)))
    with Live(console=Console(file=out, width=200), auto_refresh=False) as live:
        ProgressLine(live)(health)
    assert "published 1,234  failed 0  dead 0  oldest 1m 30s  processes 1  well" in out.getvalue()


def test_the_file_is_touched_while_the_relay_is_well(health: Health, tmp_path: Path) -> None:

    path = tmp_path / "alive"
    touch = LivenessFile(path)
    os.utime(path, (0, 0))
    touch(health)
    assert path.stat().st_mtime == 0
    health.heard(1, status())
    touch(health)
    assert path.stat().st_mtime > 0


def test_a_file_that_is_lost_ends_nothing(health: Health, tmp_path: Path) -> None:
    (folder := tmp_path / "folder").mkdir()
    touch = LivenessFile(folder / "alive")
    (folder / "alive").unlink()
    folder.rmdir()
    health.heard(1, status())
    touch(health)


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        LivenessFile(tmp_path / "none" / "alive")
    error = f"[Errno 2] No such file or directory: '{tmp_path}/none/alive'"
    assert str(caught.value) == (
        f"The argument --liveness-file must be a file that can be written, and is none: {error}"
    )


@pytest.fixture
def port() -> Iterator[int]:

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    yield number


async def ask(port: int, request: bytes = b"GET / HTTP/1.1\r\n\r\n") -> tuple[str, Any]:
    async with asyncio.timeout(LIMIT):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        writer.write_eof()
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    return head.decode().splitlines()[0] if head else "", json.loads(body) if body else None


async def test_requests_are_answered_by_the_health(health: Health, port: int) -> None:
    async with answering(port, health):
        assert await ask(port) == ("HTTP/1.1 503 Service Unavailable", health.plain())
        health.heard(1, status(published=3))
        assert await ask(port) == ("HTTP/1.1 200 OK", health.plain())
        assert await ask(port, b"nothing") == ("", None)
        with pytest.raises(InvalidArgumentError, match=f"--health-port must be a free port, and is {port}: "):
            await answering(port, health).__aenter__()
    async with answering(None, health):
        pass


def test_a_record_is_a_line_of_json() -> None:
    record = logging.LogRecord("uow_events", logging.WARNING, "", 0, "%s is away", ("it",), None)
    record.relay = {"published": 1}
    said = json.loads(JsonLines().format(record))
    assert (said["level"], said["logger"], said["message"], said["relay"]) == (
        "warning",
        "uow_events",
        "it is away",
        {"published": 1},
    )
    assert said["time"].endswith("+00:00")
    try:
        raise ValueError("why")
    except ValueError:
        record = logging.LogRecord("uow_events", logging.ERROR, "", 0, "failed", (), sys.exc_info())
    said = json.loads(JsonLines().format(record))
    assert said["exception"].endswith("ValueError: why")
    assert "relay" not in said


@pytest.mark.parametrize(("is_terminal", "line"), [(True, "INFO hello\n"), (False, '"message": "hello"}\n')])
def test_logs_go_to_stderr_unless_the_application_has_handlers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_terminal: bool, line: str
) -> None:
    logger = logging.getLogger("uow_events")
    configure_logging(is_terminal)
    assert logger.handlers == []
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logger.level)
    configure_logging(is_terminal)
    logger.info("hello")
    assert capsys.readouterr().err.endswith(line)
