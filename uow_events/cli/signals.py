"""What ends a command that runs until it is told to end."""

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_end(call: Callable[[], object]) -> Generator[None]:
    """Call something on SIGINT and SIGTERM, in place of what they do otherwise."""
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, call)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
