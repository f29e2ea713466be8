"""Stands between a client and a server: cuts their connections, or lets nothing more through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Proxy:
    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.connections = 0
        self.url = ""

    def cut(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()

    def hold(self) -> None:
        """Let nothing more through, and keep the connections."""
        self._flowing.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        pair = {writer}
        try:
            server_reader, server_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
            pair.add(server_writer)
            self._writers |= pair
            await asyncio.gather(self._copy(reader, server_writer), self._copy(server_reader, writer))
        except ConnectionError:
            pass
        finally:
            self._writers -= pair
            for each in pair:
                each.close()
            await asyncio.gather(*(each.wait_closed() for each in pair), return_exceptions=True)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._flowing.wait()
            writer.write(data)
        writer.close()


@asynccontextmanager
async def proxy_to(url: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(url)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        tasks.add(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    credentials = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    proxy.url = parts._replace(netloc=f"{credentials}127.0.0.1:{port}").geturl()
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
