"""Keeps one PostgreSQL server for as long as its parent lives.

Run as a script, so it imports the standard library alone. The parent holds the other end of stdin: whatever ends the
parent (a return, an exception, Ctrl-C, kill -9) ends that pipe, and then the server and the temporary directory go too.
stdout gets one line, `ready <socket directory>`, or else the reason why there is no server.
"""

import json
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import IO, Any, TextIO, TypedDict

PORT = 5432
STATUS_LINE = 7  # of postmaster.pid
LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


class Plan(TypedDict):
    """What to run: the programs, the data directory (None: temporary), the settings; seconds to start and to stop."""

    install: str
    data: str | None
    settings: dict[str, str]
    start_timeout: float
    stop_timeout: float


class StartFailed(Exception):
    """The server is not there; the text says why."""


class Ending:
    """Whether the server has to go: a word from the parent, its end, or SIGTERM; each makes a stream readable."""

    def __init__(self, *streams: TextIO | socket.socket) -> None:
        self.streams = streams

    def comes_within(self, seconds: float | None) -> bool:
        """Wait for it that long, or for good; what has come once stays."""
        return bool(select.select(self.streams, [], [], seconds)[0])


def owner_of_server(euid: int) -> pwd.struct_passwd | None:
    """Whom the server must run as: PostgreSQL refuses to run as root, and nobody is on every system."""
    return pwd.getpwnam("nobody") if euid == 0 else None


def open_to_others(path: Path) -> bool:
    """Whether any user may enter every directory above the path, and read and execute it."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents) and path.stat().st_mode & 0o005 == 0o005


def programs(install: Path, base: Path, owner: pwd.struct_passwd | None) -> Path:
    """The directory of initdb and postgres; a copy of it where the owner cannot reach it (a venv in /root)."""
    if owner is None or open_to_others(install / "bin" / "postgres"):
        return install / "bin"
    package = install.parent
    copy = base / "install" / package.name / install.name
    shutil.copytree(install, copy, ignore=shutil.ignore_patterns("include", "pgxs", "*.a"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, base / "install" / libraries.name)
    for path in (base / "install", *(base / "install").rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return copy / "bin"


def empty(directory: Path) -> None:
    """Remove what is in a directory."""
    for path in directory.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


class Server:
    """One data directory and the process on it, initdb or postgres; the log and the socket are in `base`."""

    def __init__(self, plan: Plan, base: Path, ending: Ending) -> None:
        self.plan = plan
        self.base = base
        self.ending = ending
        self.data = Path(plan["data"] or base / "data")
        self.log = base / "log"
        self.owner: pwd.struct_passwd | None = None
        self.process: subprocess.Popen[Any] | None = None
        self.deadline = time.monotonic() + plan["start_timeout"]

    def start(self) -> None:
        """Return when the server takes connections; its data directory is made where there is none.

        Raises:
            StartFailed, OSError, KeyError, subprocess.SubprocessError: there is no server.
        """
        self.owner = owner_of_server(os.geteuid())
        self._own(self.base)
        binaries = programs(Path(self.plan["install"]), self.base, self.owner)
        if not (self.data / "PG_VERSION").exists():
            self._create(binaries / "initdb")
        server = self._run(binaries / "postgres", *self._settings())
        self._wait(server, lambda: self._takes_connections(server.pid))

    def close(self) -> None:
        """End the process: a fast shutdown, and where that takes too long, ever harder ones."""
        if not self.process:
            return
        for signal_number in (signal.SIGINT, signal.SIGQUIT):
            self.process.send_signal(signal_number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.plan["stop_timeout"])
                return
        self.process.kill()
        self.process.wait()

    def log_tail(self, lines: int = 20) -> str:
        """The end of what the process wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def _own(self, path: Path) -> None:
        if self.owner:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def _create(self, initdb: Path) -> None:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(self.data.iterdir()):
            raise StartFailed(f"{self.data} holds files that are not PostgreSQL's: name an empty or a new directory.")
        self._own(self.data)
        sync = () if self.plan["data"] else ("--no-sync",)
        process = self._run(initdb, "--username=postgres", "--auth=trust", *LOCALE, *sync)
        try:
            self._wait(process, lambda: process.poll() == 0)
        except StartFailed:
            self.close()
            empty(self.data)  # initdb does so too, where it took the signal: not while it waits for its programs
            raise

    def _run(self, program: Path, *arguments: str) -> subprocess.Popen[Any]:
        with self.log.open("wb") as log:
            command = [str(program), *arguments, "-D", str(self.data)]
            self.process = subprocess.Popen(command, **self._options(log))
        return self.process

    def _options(self, log: IO[bytes]) -> dict[str, Any]:
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": self.base}
        if self.owner:
            options |= {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}
        return options

    def _settings(self) -> Iterator[str]:
        ours = {"unix_socket_directories": str(self.base), "port": str(PORT), "logging_collector": "off"}
        for name, value in ({"listen_addresses": ""} | self.plan["settings"] | ours).items():
            yield from ("-c", f"{name}={value}")

    def _wait(self, process: subprocess.Popen[Any], done: Callable[[], bool]) -> None:
        while True:
            exit_code = process.poll()
            if done():
                return
            if exit_code is not None:
                raise StartFailed(f"It ended with exit code {exit_code}.")
            if time.monotonic() > self.deadline:
                raise StartFailed(f"It was not ready within {self.plan['start_timeout']:g} seconds.")
            if self.ending.comes_within(0.02):
                raise StartFailed("It was told to stop while it started.")

    def _takes_connections(self, pid: int) -> bool:
        with suppress(FileNotFoundError):
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            return lines[0] == str(pid) and len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"
        return False


def keep(plan: Plan, ending: Ending, answers: TextIO) -> int:
    """Run the server until the ending comes; the exit code is 1 where it did not start."""
    with TemporaryDirectory(prefix="uow-events-") as base, closing(Server(plan, Path(base), ending)) as server:
        try:
            server.start()
        except (OSError, KeyError, subprocess.SubprocessError, StartFailed) as failure:
            say(answers, f"{failure}\n{server.log_tail()}".rstrip())
            return 1
        say(answers, f"ready {base}")
        ending.comes_within(None)
        return 0


def say(answers: TextIO, answer: str) -> None:
    """Tell the parent, if there still is one."""
    with suppress(BrokenPipeError):
        print(answer, file=answers, flush=True)


def note(signal_number: int, frame: FrameType | None) -> None:
    """Take a signal, which has woken the ending's stream already, and go on: nothing is cut off halfway."""


def main(arguments: Sequence[str]) -> int:
    """The script: its one argument is the plan, as JSON."""
    terminated, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno())
    signal.signal(signal.SIGTERM, note)
    with terminated, wakeup:
        return keep(json.loads(arguments[0]), Ending(sys.stdin, terminated), sys.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
