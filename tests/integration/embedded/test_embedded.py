"""The embedded server: what it gives, and that nothing of it stays."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.integration.embedded.traces import processes, traces
from tests.postgres.signals import heed_ctrl_c
from uow_events.embedded import EmbeddedPostgres, postgres
from uow_events.errors import EmbeddedPostgresError

PROGRAM = Path(__file__).with_name("program.py")
ROOT = Path(__file__).parents[3]


async def ask(url: URL, sql: str) -> object:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        result = await connection.execute(text(sql))
        return result.scalar() if result.returns_rows else None


async def test_a_block_has_a_running_postgresql_18_and_leaves_nothing(place: Path) -> None:
    async with EmbeddedPostgres() as server:
        assert str(await ask(server.url, "SELECT version()")).startswith("PostgreSQL 18")
        assert traces(place) != []
    assert traces(place) == []


async def test_an_exception_ends_the_server(place: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with EmbeddedPostgres():
            raise ZeroDivisionError
    assert traces(place) == []


async def test_a_cancellation_ends_the_server(place: Path) -> None:
    running = asyncio.Event()

    async def use() -> None:
        async with EmbeddedPostgres():
            running.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    await running.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert traces(place) == []


async def test_a_cancellation_during_the_start_leaves_nothing(place: Path) -> None:
    start = asyncio.create_task(EmbeddedPostgres().__aenter__())
    while not any(place.glob("*/data/base")):
        await asyncio.sleep(0)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert traces(place) == []


async def test_servers_that_run_at_once_do_not_meet(place: Path) -> None:
    async with EmbeddedPostgres() as first, EmbeddedPostgres() as second:
        await ask(first.url, "CREATE TABLE only_here ()")
        assert await ask(second.url, "SELECT to_regclass('only_here')") is None
        assert first.url != second.url


async def test_servers_may_start_at_the_same_time(place: Path) -> None:
    servers = [EmbeddedPostgres() for _ in range(3)]
    started = await asyncio.gather(*(server.__aenter__() for server in servers))
    assert await asyncio.gather(*(ask(server.url, "SELECT 1") for server in started)) == [1, 1, 1]
    await asyncio.gather(*(server.__aexit__(None, None, None) for server in servers))
    assert traces(place) == []


async def test_an_instance_may_be_entered_again_after_its_end(place: Path) -> None:
    server = EmbeddedPostgres()
    for _ in range(2):
        async with server:
            assert await ask(server.url, "SELECT 1") == 1


async def test_settings_reach_the_server(place: Path) -> None:
    async with EmbeddedPostgres(settings={"fsync": "off", "max_connections": 17}) as server:
        assert await ask(server.url, "SHOW fsync") == "off"
        assert await ask(server.url, "SHOW max_connections") == "17"


async def test_the_environments_pg_variables_reach_neither_server_nor_url(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "elsewhere.invalid")
    monkeypatch.setenv("PGDATA", "/elsewhere")
    monkeypatch.setenv("PGDATESTYLE", "German")
    async with EmbeddedPostgres() as server:
        assert str(await ask(server.url, "SHOW DateStyle")).startswith("ISO")


async def test_data_in_a_directory_of_the_users_stay(place: Path, data: Path) -> None:
    async with EmbeddedPostgres(data=data) as server:
        await ask(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    async with EmbeddedPostgres(data=data) as server:
        assert await ask(server.url, "SELECT answer FROM kept") == 42


async def test_two_servers_on_one_directory_are_refused_with_the_servers_words(place: Path, data: Path) -> None:
    async with EmbeddedPostgres(data=data):
        with pytest.raises(EmbeddedPostgresError, match='lock file "postmaster.pid" already exists'):
            await EmbeddedPostgres(data=data).__aenter__()


async def test_a_directory_with_other_files_is_refused_and_stays_as_it_is(place: Path, data: Path) -> None:
    data.mkdir(parents=True)
    (data / "letter").touch()
    with pytest.raises(EmbeddedPostgresError) as caught:
        await EmbeddedPostgres(data=data).__aenter__()
    assert str(caught.value) == (
        f"The embedded PostgreSQL did not start. {data} holds files that are not PostgreSQL's: "
        "name an empty or a new directory."
    )
    assert [path.name for path in data.iterdir()] == ["letter"]


async def test_a_failing_start_says_what_the_servers_log_says(place: Path) -> None:
    with pytest.raises(EmbeddedPostgresError) as caught:
        await EmbeddedPostgres(settings={"log_line_prefix": "", "no_such_setting": 1}).__aenter__()
    assert caught.value.reason == (
        'did not start. It ended with exit code 1.\nFATAL:  unrecognized configuration parameter "no_such_setting"'
    )
    assert traces(place) == []


async def test_a_start_has_a_limit(place: Path) -> None:
    with pytest.raises(EmbeddedPostgresError) as caught:
        await EmbeddedPostgres(start_timeout=timedelta(0)).__aenter__()
    assert str(caught.value).startswith("The embedded PostgreSQL did not start. It was not ready within 0 seconds.")
    assert traces(place) == []


async def test_outside_of_its_block_there_is_no_url(place: Path) -> None:
    async with EmbeddedPostgres() as server:
        pass
    with pytest.raises(EmbeddedPostgresError) as caught:
        server.url
    assert str(caught.value) == (
        "The embedded PostgreSQL is not running: enter it first, `async with EmbeddedPostgres() as postgres`."
    )


async def test_one_instance_is_one_server(place: Path) -> None:
    async with EmbeddedPostgres() as server:
        with pytest.raises(EmbeddedPostgresError) as caught:
            await server.__aenter__()
        assert await ask(server.url, "SELECT 1") == 1
    assert str(caught.value) == (
        "The embedded PostgreSQL is running already: make another EmbeddedPostgres for another server."
    )


@pytest.mark.parametrize("moment", ["starting", "running"])
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda ending: ending.name)
def test_whatever_ends_the_program_ends_the_server(place: Path, moment: str, ending: signal.Signals) -> None:
    with program(until=moment) as running:
        while not processes(place):
            assert running.poll() is None
        started = processes(place)
        running.send_signal(ending)
        running.wait(30)
    psutil.wait_procs(started, timeout=30)
    assert traces(place) == []


def test_the_terminals_ctrl_c_reaches_the_program_and_not_its_server(place: Path) -> None:
    with program(until="running") as running:
        os.killpg(running.pid, signal.SIGINT)
        assert running.communicate(timeout=30)[0] == "answer: 42\n"
    assert traces(place) == []


@contextmanager
def program(*, until: str) -> Iterator[subprocess.Popen[str]]:
    """The program in a process group of its own, once it has said that it is that far."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        process_group=0,
        preexec_fn=heed_ctrl_c,
    ) as running:
        assert running.stdout
        while (line := running.stdout.readline().strip()) != until:
            assert line or running.poll() is None
        yield running


async def test_a_keeper_that_is_told_to_end_takes_the_server_along(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keepers: list[subprocess.Popen[str]] = []
    start = postgres.start_keeper
    monkeypatch.setattr(postgres, "start_keeper", lambda plan: keepers.append(start(plan)) or keepers[0])
    async with EmbeddedPostgres():
        keepers[0].terminate()
        assert keepers[0].wait(30) == 0
        assert traces(place) == []
