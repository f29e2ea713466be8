"""Relay processes, and what is left of them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncEngine

ROUNDS = int(os.environ.get("UOW_EVENTS_FAULT_ROUNDS", "1"))
"""How many times as long as in the short run."""
LIMIT = 60 * ROUNDS
ROOT = Path(__file__).parents[2]
RELAYS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'relay'"


@asynccontextmanager
async def relay(url: URL, port: int, **options: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """A relay process, which is killed at the end of the block where it still runs."""
    arguments = (url.render_as_string(hide_password=False), str(port), json.dumps(options))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.program", *arguments), cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def ended(process: asyncio.subprocess.Process, code: int = 0) -> None:
    """Wait until a process has ended with this code."""
    async with asyncio.timeout(LIMIT):
        _, errors = await process.communicate()
    assert process.returncode == code, errors.decode()


async def drained(url: URL, port: int, **options: object) -> None:
    """Run a relay until nothing is left."""
    async with relay(url, port, **options) as process:
        await ended(process)


async def killed(process: asyncio.subprocess.Process, engine: AsyncEngine) -> None:
    """Kill a relay, and wait until the server has undone what it had not committed."""
    with suppress(ProcessLookupError):
        process.kill()
    await ended(process, -signal.SIGKILL)
    await forgotten(engine)


async def forgotten(engine: AsyncEngine) -> None:
    async with asyncio.timeout(LIMIT), engine.connect() as connection:
        while await connection.scalar(text(RELAYS)):
            await connection.rollback()
