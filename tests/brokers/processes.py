"""Servers of a test's own, which it may stop, start and configure."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.brokers.services import missing


class Server:
    """A program with a port; what it keeps is in a directory, and there again after a restart."""

    def __init__(self, *command: str, port: int) -> None:
        self._command = command
        self.port = port
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        null = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(*self._command, stdout=null, stderr=null)
        async with asyncio.timeout(30):
            while not await self._listens():
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


@asynccontextmanager
async def nats_server(directory: Path, *options: str) -> AsyncIterator[Server]:
    port = free_port()
    program = program_of("nats-server")
    command = [program, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(directory), *options]
    async with running(Server(*command, port=port)) as server:
        yield server


@asynccontextmanager
async def redis_server(directory: Path, *options: str) -> AsyncIterator[Server]:
    port = free_port()
    program = program_of("redis-server")
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory), "--save", "", *options]
    async with running(Server(*command, port=port)) as server:
        yield server


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


def program_of(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        missing(f"program {name}")
    assert found is not None
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
