"""A server that asks for the password and refuses it, which a test server that trusts everyone cannot show."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ASK_FOR_PASSWORD = b"R\x00\x00\x00\x08\x00\x00\x00\x03"
FIELDS = b'SFATAL\x00C28P01\x00Mpassword authentication failed for user "u"\x00\x00'
REFUSAL = b"E" + (len(FIELDS) + 4).to_bytes(4, "big") + FIELDS


@contextmanager
def server_that_refuses() -> Iterator[tuple[int, list[bytes]]]:
    """Yield its port, and a list of what it was told as passwords."""
    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_refuse_one, args=(server, told))
        thread.start()
        yield server.getsockname()[1], told
        thread.join(timeout=10)


def _refuse_one(server: socket.socket, told: list[bytes]) -> None:
    server.settimeout(10)
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(ASK_FOR_PASSWORD)
        told.append(connection.recv(4096)[5:-1])
        connection.sendall(REFUSAL)
