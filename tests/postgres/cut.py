"""Loses the connection at COMMIT: a proxy to a server that cuts off its client there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto

from sqlalchemy import URL

from tests.postgres.wire import connect


class Cut(Enum):
    """What is lost with the client's connection."""

    REQUEST = auto()  # the server never gets COMMIT, and finds its client gone
    ANSWER = auto()  # the server has committed
    WAIT = auto()  # the server is at it, and does not notice that its client is gone


@asynccontextmanager
async def cut_at_commit(url: URL, cut: Cut) -> AsyncIterator[URL]:
    """Give a URL by which the same database is reached through the proxy."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server_reader, server_writer = await connect(url)
        answers = asyncio.create_task(_copy(server_reader, writer))
        try:
            while (data := await reader.read(65536)) and b"COMMIT;\0" not in data:
                server_writer.write(data)
            if data and cut is not Cut.REQUEST:
                answers.cancel()
                await asyncio.gather(answers, return_exceptions=True)
                server_writer.write(data)
                if cut is Cut.ANSWER:
                    await server_reader.read(1)
                else:
                    writer.close()
                    await asyncio.Event().wait()
        finally:
            answers.cancel()
            writer.close()
            server_writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield url.set(host="127.0.0.1", port=port, query={"ssl": "disable"})
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
