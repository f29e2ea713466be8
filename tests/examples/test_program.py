"""The whole demo as its users run it, on the embedded PostgreSQL."""

import asyncio
import os
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.embedded.traces import traces
from tests.postgres.signals import heed_ctrl_c

ROOT = Path(__file__).parents[2]
TIME_LIMIT = 120


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the demo's server puts its files; nothing may be left there."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        place = Path(directory, "tmp")
        place.mkdir()
        yield place
        assert traces(place) == []


@asynccontextmanager
async def demo(place: Path, *arguments: str) -> AsyncIterator[Process]:
    environment = {name: value for name, value in os.environ.items() if name != "UOW_EVENTS_DATABASE_URL"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-m",
        "examples.meetings.demo",
        *arguments,
        cwd=ROOT,
        env=environment | {"TMPDIR": str(place), "NO_COLOR": "1"},
        stdout=PIPE,
        stderr=PIPE,
        preexec_fn=heed_ctrl_c,
    )
    try:
        async with asyncio.timeout(TIME_LIMIT):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def run(place: Path, *arguments: str) -> tuple[int | None, str, str]:
    async with demo(place, *arguments) as process:
        shown, errors = await process.communicate()
        return process.returncode, shown.decode(), errors.decode()


async def test_the_shipped_file_ends_in_success(place: Path) -> None:
    code, shown, errors = await run(place)
    assert (code, errors) == (0, "")
    assert shown.endswith("lines ended as expected; the counts agree.\n")
    assert "\x1b" not in shown


async def test_a_file_with_mismatches_ends_in_failure_and_lists_them(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "input.jsonl"
    file.write_bytes(
        b'{"command": "BanUser", "user": "x", "expect": "AlreadyBanned"}\r\n'
        b"\r\n"
        b'{"command": "BanUser", "user": \r\n'
        b'{"command": "BanUser", "user": "y"}\r\n'
    )
    code, shown, errors = await run(place, str(file))
    assert (code, errors) == (1, "")
    assert shown.splitlines()[-3:] == [
        "line 1 ended in success, expected was AlreadyBanned",
        "line 3 ended in invalid, expected was success",
        "1 of 3 lines ended as expected; the counts agree.",
    ]


async def test_a_missing_file_is_one_line(place: Path) -> None:
    code, shown, errors = await run(place, "nowhere.jsonl")
    assert (code, shown) == (2, "")
    assert errors == "The input nowhere.jsonl cannot be read: No such file or directory\n"


async def test_a_line_to_show_that_holds_no_command_is_one_line(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "input.jsonl"
    file.write_bytes(b"{}")
    code, _, errors = await run(place, str(file), "--trace", "1")
    assert (code, errors) == (2, f"Line 1 of {file} holds no command that could be shown\n")


async def test_ctrl_c_leaves_nothing_behind(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "input.jsonl"
    file.write_text("".join(f'{{"command": "BanUser", "user": "user {n}"}}\n' for n in range(50_000)))
    async with demo(place, str(file)) as process:
        assert process.stdout
        assert await process.stdout.readline() == b"PostgreSQL is ready; lines to send: 50000\n"
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (130, b"Interrupted.\n")
