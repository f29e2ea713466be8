"""Counts statements, and disturbs them, where they cannot hide: on the wire between client and server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL

HEADER = 5
STARTUP_HEADER = 4


class Wire:
    """The statements that clients had executed, in order: simple queries and executions of prepared ones.

    `before`, where set, runs before each of them goes on its way to the server.
    """

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.before: Callable[[], Awaitable[None]] | None = None
        self.clients: set[asyncio.StreamWriter] = set()

    def clear(self) -> None:
        self.statements.clear()

    def cut(self) -> None:
        """Hang up on all clients; what they have sent still reaches the server."""
        for client in self.clients:
            client.transport.abort()

    @property
    def words(self) -> list[str]:
        """The first word of each statement."""
        return [statement.split()[0].rstrip(";") for statement in self.statements]


@asynccontextmanager
async def tapped(url: URL) -> AsyncIterator[tuple[URL, Wire]]:
    """Give a URL by which the same database is reached through a proxy, and what goes over it."""
    wire = Wire()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server_reader, server_writer = await connect(url)
        wire.clients.add(writer)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(server_reader, writer))
                group.create_task(_tap(reader, server_writer, wire))
        finally:
            wire.clients.discard(writer)
            server_writer.close()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield url.set(host="127.0.0.1", port=port, query={"ssl": "disable"}), wire
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def connect(url: URL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection to the server of a URL, over TCP or its socket."""
    directory = url.query.get("host", url.host or "")
    if str(directory).startswith("/"):
        return await asyncio.open_unix_connection(
            Path(str(directory)) / f".s.PGSQL.{url.query.get('port') or url.port or 5432}"
        )
    return await asyncio.open_connection(url.host or "127.0.0.1", url.port or 5432)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _tap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: Wire) -> None:
    prepared: dict[bytes, str] = {}
    portals: dict[bytes, bytes] = {}
    try:
        length = await reader.readexactly(STARTUP_HEADER)
        writer.write(length + await reader.readexactly(int.from_bytes(length) - STARTUP_HEADER))
        while True:
            header = await reader.readexactly(HEADER)
            body = await reader.readexactly(int.from_bytes(header[1:]) - STARTUP_HEADER)
            is_statement = _note(header[:1], body, prepared, portals, wire)
            if is_statement and wire.before is not None:
                await wire.before()
            writer.write(header + body)
            await writer.drain()
    except asyncio.IncompleteReadError:
        writer.close()


def _note(kind: bytes, body: bytes, prepared: dict[bytes, str], portals: dict[bytes, bytes], wire: Wire) -> bool:
    parts = body.split(b"\0", 2)
    if kind == b"Q":
        wire.statements.append(parts[0].decode())
    elif kind == b"P":
        prepared[parts[0]] = parts[1].decode()
    elif kind == b"B":
        portals[parts[0]] = parts[1]
    elif kind == b"E":
        wire.statements.append(prepared[portals[parts[0]]])
    return kind in (b"Q", b"E")
