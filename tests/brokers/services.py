"""The servers that the tests of brokers use: on this machine, unless the environment names others."""

import os
import socket
from urllib.parse import urlsplit

import pytest

URLS = {
    "rabbitmq": os.environ.get("UOW_EVENTS_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672/"),
    "nats": os.environ.get("UOW_EVENTS_TEST_NATS_URL", "nats://127.0.0.1:4222"),
    "redis": os.environ.get("UOW_EVENTS_TEST_REDIS_URL", "redis://127.0.0.1:6379"),
}


def url_of(service: str) -> str:
    """The server's URL; where nobody listens the test is skipped, or fails with UOW_EVENTS_REQUIRE_BROKERS=1."""
    address = urlsplit(URLS[service])
    try:
        socket.create_connection((address.hostname, address.port), timeout=5).close()
    except OSError as error:
        missing(f"{service} at {address.hostname}:{address.port}: {error}")
    return URLS[service]


def missing(what: str) -> None:
    if os.environ.get("UOW_EVENTS_REQUIRE_BROKERS") == "1":
        pytest.fail(f"UOW_EVENTS_REQUIRE_BROKERS=1, and there is no {what}")
    pytest.skip(f"there is no {what}")
