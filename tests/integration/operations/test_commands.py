"""`uow-events outbox`, `dead-letters` and `topics`, run on a real outbox."""

import asyncio
import io
import json
import os
import runpy
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.integration.operations.test_dead_letters import kill
from tests.integration.operations.test_outbox_status import deliver
from tests.integration.relay.rows import dead, left, put, put_without_key
from tests.integration.relay.scripted_broker import Unreliable
from tests.migrations.command import Ended, runner
from uow_events import OutboxAdmin
from uow_events.cli.database import Database
from uow_events.cli.outbox_view import Look

Body = Callable[[AsyncEngine], Awaitable[Any]]


class Commands:
    """Runs commands on one database, and what a test does to it in between."""

    def __init__(self, url: URL, run: Callable[..., Ended]) -> None:
        self.url, self._run = url, run
        self.dsn = url.set(drivername="postgresql", password="secret").render_as_string(hide_password=False)
        self.where = f"schema 'uow_events' of {Database.from_dsn(self.dsn)}"

    def __call__(self, *arguments: str) -> Ended:
        ended = self._run(*arguments, "--dsn", self.dsn)
        assert "secret" not in ended.out + ended.err
        assert "Traceback" not in ended.err
        return ended

    def said(self, *arguments: str) -> Any:
        """What a command that succeeded printed as JSON."""
        code, out, err = self(*arguments, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    def do(self, body: Body) -> Any:
        async def on_engine() -> Any:
            engine = create_async_engine(self.url)
            try:
                return await body(engine)
            finally:
                await engine.dispose()

        return asyncio.run(on_engine())


@pytest.fixture
def run(database_url: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(database_url, runner(monkeypatch, capsys))


async def some_of_everything(engine: AsyncEngine) -> None:
    await kill(engine, "d:1")
    await put(engine, "a:1", "a:2")
    await put(engine, "[bold]:1", topic="paused\x1b[31m")
    await put_without_key(engine, "later")
    await OutboxAdmin(engine).pause_topic("paused\x1b[31m")
    await deliver(engine, a_1=Unreliable("not [red]now"), later=Unreliable("no"))


def test_the_status_is_a_table(run: Commands) -> None:
    run.do(some_of_everything)
    code, out, err = run("outbox", "status")
    assert (code, err) == (0, "")
    lines = [[part.strip() for part in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]
    assert lines[0] == ["meetings", "3", "0", "2", "1", "0", "0s", "1"]
    assert lines[1] == ["paused\N{REPLACEMENT CHARACTER}[31m (paused)", "1", "0", "0", "0", "1", "0s", "0"]
    assert lines[2] == ["all", "4", "0", "2", "1", "1", "0s", "1"]
    assert "Blocked keys, 1 of 1" in out
    assert lines[3][:4] == ["a", "meetings", "2", "1"]
    assert lines[3][5] == "Unreliable: not [red]now"


def test_the_status_is_json_for_programs(run: Commands) -> None:
    run.do(some_of_everything)
    status = run.said("outbox", "status")
    assert (status["pending"], status["due"], status["dead"], status["blocked_keys"]) == (4, 0, 1, 1)
    assert status["oldest"] >= 0
    assert [(topic["topic"], topic["is_paused"]) for topic in status["topics"]] == [
        ("meetings", False),
        ("paused\x1b[31m", True),
    ]
    assert [key["key"] for key in status["first_blocked_keys"]] == ["a"]


def test_an_empty_outbox_is_a_table_too(run: Commands) -> None:
    code, out, _ = run("outbox", "status")
    assert code == 0
    assert "Blocked keys" not in out
    assert run.said("outbox", "status")["topics"] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watching_goes_on_until_a_signal(
    run: Commands, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    looks: list[Look] = []
    take = Look.take

    async def take_and_end(admin: OutboxAdmin) -> Look:
        looks.append(await take(admin))
        if len(looks) == 2:
            os.kill(os.getpid(), number)
        return looks[-1]

    monkeypatch.setattr(Look, "take", take_and_end)
    code, out, err = run("outbox", "status", "--watch", "--interval", "0.1", "--json")
    assert (code, err) == (0, "")
    first, second = (json.loads(line)["looked_at"] for line in out.splitlines())
    assert first < second
    looks.clear()
    code, out, err = run("outbox", "status", "--watch", "--interval", "0.1")
    assert (code, err, len(looks)) == (0, "", 2)
    assert "Outbox, " in out


def test_the_package_of_the_command_can_be_run_as_a_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["uow-events", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("uow_events.cli", run_name="__main__")
    assert (ended.value.code, capsys.readouterr().out.split()[0]) == (0, "uow-events")


def test_dead_letters_are_listed_without_payloads_unless_they_are_asked_for(run: Commands) -> None:
    run.do(lambda engine: kill(engine, "a:1"))
    run.do(lambda engine: kill(engine, "b:\x1b]0;title"))
    code, out, err = run("dead-letters", "list")
    assert (code, err) == (0, "")
    assert "a:1" not in out
    assert "MessageRefusedError: The broker refuses" in out
    code, out, _ = run("dead-letters", "list", "--payload")
    assert "a:1" in out
    assert "\x1b]0" not in out
    (letter,) = run.said("dead-letters", "list", "--limit", "1")["dead_letters"]
    assert (letter["id"], letter["topic"], letter["payload_size"], "payload" in letter) == (1, "meetings", 3, False)
    letters = run.said("dead-letters", "list", "--after", "1", "--payload")["dead_letters"]
    assert [letter["payload"] for letter in letters] == ["b:\x1b]0;title"]


def test_one_dead_letter_is_shown_with_its_headers(run: Commands) -> None:
    run.do(lambda engine: kill(engine, "a:1"))
    code, out, _ = run("dead-letters", "show", "1")
    assert code == 0
    assert "specversion: 1.0" in out
    assert "a:1" not in out
    assert "a:1" in run("dead-letters", "show", "1", "--payload").out
    assert run.said("dead-letters", "show", "1")["headers"] == {"specversion": "1.0"}
    assert run("dead-letters", "show", "7") == (1, "", f"There is no dead letter 7 in {run.where}.\n")
    nothing = f"There are no such dead letters in {run.where}.\n"
    assert run("dead-letters", "list", "--topic", "other") == (0, nothing, "")


@pytest.mark.parametrize(("command", "done"), [("replay", "replayed"), ("discard", "discarded")])
def test_dead_letters_are_chosen_counted_and_taken(run: Commands, command: str, done: str) -> None:
    run.do(lambda engine: kill(engine, "a:1", "b:1"))
    run.do(lambda engine: kill(engine, "c:1", topic="other"))
    two = f"2 dead letters of {run.where}"
    dry = run("dead-letters", command, "--topic", "meetings", "--type", "T", "--dry-run")
    assert dry == (0, f"{two} would be {done}.\n", "")
    assert len(run.do(dead)) == 3
    assert run("dead-letters", command, "--topic", "meetings", "--yes") == (0, f"{two} {done}.\n", "")
    assert [payload for payload, _, _ in run.do(dead)] == ["c:1"]
    assert len(run.do(left)) == (2 if command == "replay" else 0)
    assert run("dead-letters", command, "--older-than", "1h") == (0, f"0 dead letters of {run.where} {done}.\n", "")
    assert run("dead-letters", command, "--id", "3", "--yes") == (0, f"1 dead letter of {run.where} {done}.\n", "")


@pytest.mark.parametrize(("answer", "code", "number"), [("y\n", 0, 0), ("n\n", 1, 1), ("", 1, 1)])
def test_without_yes_the_user_is_asked(
    run: Commands, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, number: int
) -> None:
    run.do(lambda engine: kill(engine, "a:1"))
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    ended = run("dead-letters", "discard")
    assert ended.code == code
    assert f"1 dead letter of {run.where} will be discarded. Go on?" in ended.err
    assert len(run.do(dead)) == number


def test_topics_are_paused_resumed_and_skipped(run: Commands) -> None:
    run.do(lambda engine: put(engine, "a:1"))
    topic = f"The topic 'meetings' in {run.where}"
    assert run("topics", "pause", "meetings") == (0, f"{topic} is paused.\n", "")
    assert run("topics", "pause", "meetings") == (0, f"{topic} was already paused.\n", "")
    run.do(deliver)
    resumed = f"{topic} is not paused any more; 1 message that waited can go.\n"
    assert run("topics", "resume", "meetings") == (0, resumed, "")
    of_topic = f"of the topic 'meetings' in {run.where}"
    skip = f"1 message {of_topic} would be moved to the dead letters.\n"
    assert run("topics", "skip", "meetings", "--dry-run") == (0, skip, "")
    skipped = f"1 message {of_topic} moved to the dead letters.\n"
    assert run("topics", "skip", "meetings", "--yes") == (0, skipped, "")
    assert run.do(dead) == [("a:1", "Skipped with its topic", 0)]


@pytest.mark.parametrize("command", [("outbox", "status"), ("dead-letters", "list"), ("topics", "pause", "meetings")])
def test_errors_are_told_in_one_line(run: Commands, command: tuple[str, ...]) -> None:
    code, out, err = run(*command, "--schema", "other")
    assert (code, out) == (2, "")
    assert err.startswith("Error: The table other.outbox is not in this database")
    dsn = "postgresql://u:secret@127.0.0.1:1/d"
    code, out, err = run._run(*command, "--dsn", dsn)
    assert (code, out) == (2, "")
    assert err.startswith("Error: No connection to database 'd' on 127.0.0.1:1")
    assert err.count("\n") == 1


def test_what_a_database_refuses_is_told_in_one_line(run: Commands) -> None:
    async def read_only(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            name = engine.url.database
            await connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')

    run.do(lambda engine: kill(engine, "a:1"))
    run.do(read_only)
    refused = f"{Database.from_dsn(run.dsn)} refused it: cannot execute SELECT in a read-only transaction"
    error = f"Error: The statement was rolled back, since {refused}\n"
    assert run("dead-letters", "discard", "--yes") == (2, "", error)
