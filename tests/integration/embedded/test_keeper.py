"""The keeper, run in this process."""

import json
import os
import pwd
import runpy
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from uow_events.embedded import keeper
from uow_events.embedded.keeper import Ending, Plan, Server, StartFailed, keep
from uow_events.embedded.postgres import find_install

ME = pwd.getpwuid(os.geteuid())


def plan(*, install: Path | None = None, data: Path | None = None, start_timeout: float = 60) -> Plan:
    return Plan(
        install=str(install or find_install()),
        data=str(data) if data else None,
        settings={"log_line_prefix": ""},
        start_timeout=start_timeout,
        stop_timeout=60,
    )


class Answers(StringIO):
    """What the keeper says, and what happens then."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.then = then

    def flush(self) -> None:
        self.then()


class Parent:
    """Both ends of what binds a keeper to its parent."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()

    def __enter__(self) -> "Parent":
        return self

    def __exit__(self, *_: object) -> None:
        self.ours.close()
        self.theirs.close()


def test_a_keeper_ends_with_its_parent(place: Path) -> None:
    with Parent() as parent:
        answers = Answers(then=parent.ours.close)
        assert keep(plan(), Ending(parent.theirs), answers) == 0
    assert answers.getvalue().startswith(f"ready {place}/uow-events-")


def test_a_keeper_takes_up_data_that_are_there(place: Path, data: Path) -> None:
    for _ in range(2):
        with Parent() as parent:
            answers = Answers(then=parent.ours.close)
            assert keep(plan(data=data), Ending(parent.theirs), answers) == 0, answers.getvalue()


def test_a_keeper_says_so_where_the_server_gives_up(place: Path) -> None:
    with Parent() as parent:
        wrong = plan() | {"settings": {"log_line_prefix": "", "no_such_setting": "1"}}
        assert keep(wrong, Ending(parent.theirs), answers := Answers()) == 1
    assert answers.getvalue() == (
        'It ended with exit code 1.\nFATAL:  unrecognized configuration parameter "no_such_setting"\n'
    )


def test_a_keeper_says_so_where_a_directory_holds_other_files(place: Path, directory: Path) -> None:
    with Parent() as parent:
        assert keep(plan(data=directory), Ending(parent.theirs), answers := Answers()) == 1
    assert answers.getvalue() == (
        f"{directory} holds files that are not PostgreSQL's: name an empty or a new directory.\n"
    )


def test_a_parent_that_is_gone_is_noticed_during_the_start(place: Path) -> None:
    with Parent() as parent:
        parent.ours.close()
        assert keep(plan(), Ending(parent.theirs), (answers := Answers())) == 1
    assert answers.getvalue().startswith("It was told to stop while it started.\n")


def test_an_initdb_that_is_cut_off_leaves_a_directory_that_can_be_used(place: Path, data: Path) -> None:
    with Parent() as parent:
        parent.ours.close()
        assert keep(plan(data=data), Ending(parent.theirs), Answers()) == 1
    assert list(data.iterdir()) == []


def test_an_initdb_that_does_not_listen_leaves_one_too(place: Path, directory: Path, data: Path) -> None:
    """As the real one does while it waits for a program of its own: the signal is lost."""

    class LaterEnding(Ending):
        def comes_within(self, seconds: float | None) -> bool:
            return (data / "base").exists()

    initdb = installed(directory, libraries=False) / "bin" / "initdb"
    initdb.write_text(
        f"#!/bin/sh\ntrap '' INT\ntouch {data}/PG_VERSION\nmkdir {data}/base\nwhile true; do read line; done\n"
    )
    initdb.chmod(0o755)
    stubborn = plan(install=initdb.parent.parent, data=data) | {"stop_timeout": 0.01}
    assert keep(stubborn, LaterEnding(), answers := Answers()) == 1
    assert answers.getvalue() == "It was told to stop while it started.\n"
    assert list(data.iterdir()) == []


def test_a_keeper_says_so_where_the_programs_are_missing(place: Path, directory: Path) -> None:
    with Parent() as parent:
        (directory / "bin").mkdir()
        (directory / "bin" / "postgres").touch(0o755)
        assert keep(plan(install=directory), Ending(parent.theirs), (answers := Answers())) == 1
    assert f"No such file or directory: '{directory}/bin/initdb'" in answers.getvalue()


def test_a_keeper_says_so_where_there_is_nobody_to_run_the_server(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(euid: int) -> None:
        raise KeyError("getpwnam(): name not found: 'nobody'")

    monkeypatch.setattr(keeper, "owner_of_server", missing)
    with Parent() as parent:
        assert keep(plan(), Ending(parent.theirs), (answers := Answers())) == 1
    assert "name not found: 'nobody'" in answers.getvalue()


def test_an_answer_to_nobody_is_no_error() -> None:
    class Broken(StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    keeper.say(Broken(), "ready")


def test_the_script_ends_on_sigterm(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, before = Answers(then=lambda: signal.raise_signal(signal.SIGTERM)), signal.getsignal(signal.SIGTERM)
    with Parent() as parent:
        monkeypatch.setattr(sys, "argv", [keeper.__file__, json.dumps(plan())])
        monkeypatch.setattr(sys, "stdin", parent.theirs)
        monkeypatch.setattr(sys, "stdout", answers)
        try:
            with pytest.raises(SystemExit) as caught:
                runpy.run_path(keeper.__file__, run_name="__main__")
        finally:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, before)
    assert caught.value.code == 0
    assert answers.getvalue().startswith("ready ")


@pytest.mark.parametrize("deaf_to", ["INT", "INT QUIT"])
def test_a_server_that_does_not_listen_is_ended_all_the_same(place: Path, deaf_to: str) -> None:
    server = Server(plan() | {"stop_timeout": 0.01}, place, Ending())
    script = f"trap '' {deaf_to}; echo deaf; while true; do read line; done"
    with subprocess.Popen(["bash", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"deaf\n"
        server.process = process
        server.close()
        assert process.returncode in {-signal.SIGQUIT, -signal.SIGKILL}


def test_a_lock_file_of_an_earlier_server_does_not_make_this_one_ready(place: Path, directory: Path) -> None:
    (directory / "postmaster.pid").write_text("1\n/data\n0\n5432\n/tmp\n\n0\nready\n")
    server = Server(plan(data=directory, start_timeout=0), place, Ending())
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process, pytest.raises(StartFailed, match="0 seconds"):
        server._wait(process, lambda: server._takes_connections(process.pid))


def test_a_lock_file_that_is_half_written_does_not_make_the_server_ready(place: Path, directory: Path) -> None:
    (directory / "postmaster.pid").write_text("7\n/data\n0\n")
    assert not Server(plan(data=directory), place, Ending())._takes_connections(7)


def test_root_runs_the_server_as_nobody() -> None:
    owner = keeper.owner_of_server(0)
    assert owner and owner.pw_name == "nobody"


def test_an_ordinary_user_runs_the_server_as_itself() -> None:
    assert keeper.owner_of_server(1000) is None


@pytest.mark.parametrize("owner", [ME, None], ids=["of another", "of this process"])
def test_only_a_server_of_another_user_changes_user(directory: Path, owner: pwd.struct_passwd | None) -> None:
    server = Server(plan(), directory, Ending())
    server.owner = owner
    server._own(directory)
    with (directory / "log").open("wb") as log:
        options = server._options(log)
    assert (options.get("user"), options.get("group")) == ((owner.pw_uid, owner.pw_gid) if owner else (None, None))
    assert directory.stat().st_uid == ME.pw_uid


def test_an_ordinary_users_programs_are_used_where_they_are(directory: Path) -> None:
    assert keeper.programs(directory / "install", directory, None) == directory / "install" / "bin"


def test_programs_that_the_owner_can_reach_are_used_where_they_are(directory: Path) -> None:
    install = installed(directory / "site", libraries=False)
    assert keeper.programs(install, directory / "base", ME) == install / "bin"


@pytest.mark.parametrize("libraries", [True, False])
def test_programs_that_the_owner_cannot_reach_are_copied(directory: Path, libraries: bool) -> None:
    install = installed(directory / "root" / "site", libraries=libraries)
    (directory / "root").chmod(0o700)
    bin_ = keeper.programs(install, directory / "base", ME)
    assert bin_ == directory / "base" / "install" / "package" / "pginstall18" / "bin"
    assert (bin_ / "postgres").read_text() == "#!/bin/sh"
    assert (directory / "base" / "install" / "package.libs" / "libpq.so").exists() is libraries
    assert not (bin_.parent / "include").exists()


def test_a_copy_of_the_programs_runs(place: Path, directory: Path) -> None:
    package = find_install().parent
    private = directory / "private"
    install = shutil.copytree(find_install(), private / package.name / "pginstall18")
    for libraries in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(libraries, private / libraries.name)
    private.chmod(0o700)
    with Parent() as parent:
        answers = Answers(then=parent.ours.close)
        assert keep(plan(install=install), Ending(parent.theirs), answers) == 0, answers.getvalue()


def installed(site: Path, *, libraries: bool) -> Path:
    install = site / "package" / "pginstall18"
    (install / "bin").mkdir(parents=True)
    (install / "include").mkdir()
    (install / "bin" / "postgres").write_text("#!/bin/sh")
    (install / "bin" / "postgres").chmod(0o755)
    if libraries:
        (site / "package.libs").mkdir()
        (site / "package.libs" / "libpq.so").touch()
    return install
