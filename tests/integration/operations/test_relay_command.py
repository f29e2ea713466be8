"""`uow-events relay`, in this process and in others, against a real outbox."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.operations.test_commands import Commands
from tests.integration.relay.rows import left, put
from tests.migrations.command import runner
from uow_events import InMemoryBroker, Relay
from uow_events.cli.relaying import child
from uow_events.cli.relaying.running import Running

LIMIT = 60
APP = """
import os, signal
from datetime import timedelta
from pathlib import Path
from sqlalchemy.ext.asyncio import create_async_engine
from uow_events import BrokerUnavailableError, InMemoryBroker, Relay

class Telling(InMemoryBroker):
    "Writes into a file what it gets."
    async def publish(self, messages):
        with open("published", "a") as file:
            for message in messages:
                file.write(f"{os.getpid()} {message.payload.decode()}\\n")
        return await super().publish(messages)

class Ending(Telling):
    async def publish(self, messages):
        os.kill(os.getpid(), signal.SIGTERM)
        return await super().publish(messages)

class EndingParent(Telling):
    async def publish(self, messages):
        os.kill(os.getppid(), signal.SIGTERM)
        return await super().publish(messages)

class Entered(Ending):
    async def __aenter__(self):
        Path("entered").touch()
    async def __aexit__(self, *_):
        Path("left").touch()

class Away(Entered):
    async def __aenter__(self):
        raise BrokerUnavailableError("Away", "nobody listens on nats://user:secret@host")

engine = create_async_engine(os.environ["TEST_URL"])
telling, ending, entered, away, ending_parent = (
    Relay(engine, broker()) for broker in (Telling, Ending, Entered, Away, EndingParent)
)
print("imported")

def make():
    return Relay(create_async_engine(os.environ["TEST_URL"]), Ending())
"""


@pytest.fixture
def folder(database_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the application is that the command is run for."""
    (tmp_path / "relayed_app.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEST_URL", database_url.render_as_string(hide_password=False))
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    sys.modules.pop("relayed_app", None)


@pytest.fixture
def run(
    folder: Path, database_url: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    return Commands(database_url, runner(monkeypatch, capsys))


def published(folder: Path) -> list[str]:
    """The process and the payload of each message that was published, in their order."""
    path = folder / "published"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("target", ["relayed_app:ending", "relayed_app:make"])
def test_a_relay_runs_until_a_signal_and_settles_what_it_publishes(
    run: Commands, folder: Path, caplog: pytest.LogCaptureFixture, target: str
) -> None:
    caplog.set_level(logging.INFO, "uow_events")
    run.do(lambda engine: put(engine, "a:1"))
    code, out, err = run._run("relay", target, "--liveness-file", str(folder / "alive"))
    assert (code, out, err) == (0, "", "imported\n")
    assert published(folder) == [f"{os.getpid()} a:1"]
    assert run.do(left) == []
    assert (folder / "alive").exists()
    first, *_ = [record for record in caplog.records if record.getMessage() == "Relay status"]
    assert first.relay["processes"] == 1  # type: ignore[attr-defined]


def test_a_broker_that_is_a_context_manager_is_entered_and_left(run: Commands, folder: Path) -> None:
    run.do(lambda engine: put(engine, "a:1"))
    assert run._run("relay", "relayed_app:entered").code == 0
    assert (folder / "entered").exists()
    assert (folder / "left").exists()


def test_a_broker_that_is_away_at_the_start_is_waited_for(
    run: Commands, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run.do(lambda engine: put(engine, "a:1"))
    assert run._run("relay", "relayed_app:away").code == 0
    assert "secret" not in caplog.text
    assert "The relay starts all the same: BrokerUnavailableError: Away cannot be reached" in caplog.text
    assert (folder / "left").exists()


def test_on_a_terminal_there_is_a_line_of_progress(run: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    run.do(lambda engine: put(engine, "a:1"))
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda self: self is sys.stderr, raising=False)
    code, out, err = run._run("relay", "relayed_app:ending")
    assert (code, out) == (0, "")
    assert "published 1  failed 0  dead 0" in err


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("relayed_app", "write it as MODULE:RELAY, such as app.main:relay"),
        ("relayed_app:engine", "it is a AsyncEngine; name a Relay, or a function that makes one"),
        ("relayed_app:nothing", "module 'relayed_app' has no attribute 'nothing'; name the relay, or a function that"),
    ],
)
def test_what_names_no_relay_is_told_in_one_line(run: Commands, target: str, problem: str) -> None:
    code, out, err = run._run("relay", target)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"Error: '{target}' names no relay: {problem}")


def test_missing_tables_are_told_in_one_line(run: Commands) -> None:
    async def drop(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DROP TABLE uow_events.outbox CASCADE")

    run.do(drop)
    code, out, err = run._run("relay", "relayed_app:telling")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("Error: The table uow_events.outbox is not in this database")


def test_what_the_database_refuses_is_told_in_one_line(run: Commands) -> None:
    async def change(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            for statement in (
                "ALTER TABLE uow_events.outbox ALTER available_at DROP DEFAULT",
                "ALTER TABLE uow_events.outbox ALTER available_at TYPE text",
            ):
                await connection.exec_driver_sql(statement)

    run.do(change)
    code, out, err = run._run("relay", "relayed_app:telling")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("Error: The statement was rolled back, since database ")


def test_a_port_that_is_taken_is_told_in_one_line(run: Commands) -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        taken.bind(("::", 0))
        taken.listen()
        code, _, err = run._run("relay", "relayed_app:telling", "--health-port", str(taken.getsockname()[1]))
    assert code == 2
    assert err.splitlines()[-1].startswith("Error: The argument --health-port must be a free port, and is ")


async def test_a_signal_before_the_start_ends_it(engine: AsyncEngine) -> None:
    beats: list[object] = []

    class Slow(InMemoryBroker):
        async def __aenter__(self) -> None:
            running.end()

        async def __aexit__(self, *_: object) -> None: ...

    running = Running(Relay(engine, Slow()))
    assert await asyncio.wait_for(running.until_end(beats.append), LIMIT) == 0
    assert beats == []


async def test_the_second_signal_cuts_short_what_is_published(engine: AsyncEngine) -> None:
    class Hanging(InMemoryBroker):
        async def publish(self, messages: Any) -> Any:
            running.end()
            running.end()
            await asyncio.Event().wait()

    await put(engine, "a:1")
    running = Running(Relay(engine, Hanging()))
    assert await asyncio.wait_for(running.until_end(lambda _: None), LIMIT) == 1
    assert await left(engine) == ["a:1"]


async def test_a_child_reports_and_ends_with_its_standard_input(engine: AsyncEngine) -> None:
    await put(engine, "a:1")
    source, end = os.pipe()
    out, reports = os.pipe()
    broker = InMemoryBroker()
    serving = asyncio.create_task(child._run(Running(Relay(engine, broker)), source, reports, 0.01))
    async with asyncio.timeout(LIMIT):
        while not broker.messages:
            await asyncio.sleep(0)
        os.write(end, b"nothing of interest")
        os.close(out)
        os.close(end)
        assert await serving == 0
    os.close(reports)
    os.close(source)


def test_what_the_application_prints_is_no_report(capfd: pytest.CaptureFixture[str]) -> None:
    kept = os.dup(1)
    reports = child._own_stdout()
    os.write(1, b"from the application\n")
    os.write(reports, b"a report\n")
    os.dup2(kept, 1)
    for number in (kept, reports):
        os.close(number)
    assert capfd.readouterr() == ("a report\n", "from the application\n")


def test_a_child_runs_what_its_command_line_names(
    run: Commands, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run.do(lambda engine: put(engine, "a:1"))
    out, reports = os.pipe()
    source, end = os.pipe()
    monkeypatch.setattr(child, "_own_stdout", lambda: reports)
    monkeypatch.setattr(child, "STDIN", source)
    assert child.main("relayed_app:ending") == 0
    assert json.loads(os.read(out, 100_000).splitlines()[-1])["published"] == 1
    assert child.main("relayed_app:nothing") == 2
    assert "Error: 'relayed_app:nothing' names no relay: " in capsys.readouterr().err
    for number in (out, reports, source, end):
        os.close(number)


class Group:
    """The command with several processes, as an operator runs it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process, self.port = process, port

    async def health(self) -> dict[str, Any]:
        """What it answers; nothing where it does not listen yet."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return {}
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        _, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        found: dict[str, Any] = json.loads(body)
        return found

    async def until(self, **expected: Any) -> None:
        async with asyncio.timeout(LIMIT):
            while not expected.items() <= (await self.health()).items():
                await asyncio.sleep(0)

    @property
    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()


@asynccontextmanager
async def two_processes(port: int) -> AsyncIterator[Group]:
    command = ["-m", "uow_events.cli", "relay", "relayed_app:telling", "--processes", "2", "--health-port", str(port)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=pipe, stderr=pipe)
    group = Group(process, port)
    try:
        await group.until(healthy=True, processes=2)
        yield group
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


async def test_processes_share_the_work_and_one_that_is_killed_is_replaced(
    folder: Path, engine: AsyncEngine, port: int
) -> None:
    async with two_processes(port) as group:
        await put(engine, *(f"{key}:1" for key in range(50)))
        await group.until(published=50)
        victim, survivor = group.children
        victim.kill()
        await group.until(processes=1)
        await group.until(processes=2, healthy=True)
        await put(engine, *(f"{key}:2" for key in range(50)))
        async with asyncio.timeout(LIMIT):
            while len(published(folder)) < 100:
                await asyncio.sleep(0)
        children = group.children
        assert survivor in children
        assert victim not in children
        group.process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(group.process.communicate(), LIMIT)
    assert (group.process.returncode, out) == (0, b"")
    lines = [json.loads(line) for line in err.decode().splitlines() if line != "imported"]
    assert "A relay process ended with the code -9" in " ".join(line["message"] for line in lines)
    assert lines[-1]["relay"]["processes"] == 0
    assert not any(process.is_running() for process in children)
    assert await left(engine) == []


def test_the_command_ends_when_all_its_processes_have_ended(run: Commands, folder: Path) -> None:
    run.do(lambda engine: put(engine, "a:1"))
    assert run._run("relay", "relayed_app:ending_parent", "--processes", "2")[:2] == (0, "")
    assert [line.split()[1] for line in published(folder)] == ["a:1"]
    assert run.do(left) == []


async def test_where_the_first_process_is_killed_the_others_end(folder: Path, port: int) -> None:
    async with two_processes(port) as group:
        children = group.children
        group.process.kill()
        _, alive = await asyncio.to_thread(psutil.wait_procs, children, LIMIT)
    assert alive == []


def test_several_processes_make_one_error_of_a_mistake(run: Commands) -> None:
    code, out, err = run._run("relay", "relayed_app:nothing", "--processes", "2")
    assert (code, out) == (2, "")
    assert err.count("Error: ") == 1
