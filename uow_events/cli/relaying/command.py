"""`uow-events relay MODULE:RELAY`."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.console import Console
from rich.live import Live

from uow_events.cli.loading import load_relay
from uow_events.cli.relaying.health import Health
from uow_events.cli.relaying.logs import configure_logging
from uow_events.cli.relaying.running import INTERVAL, Running
from uow_events.cli.relaying.supervisor import Supervisor, command_of
from uow_events.cli.relaying.telling import LivenessFile, LogLines, ProgressLine, answering
from uow_events.relay import Relay, RelayStatus

Tell: TypeAlias = Callable[[Health], None]
Target = Annotated[
    str,
    typer.Argument(
        metavar="MODULE:RELAY",
        help="The relay to run, or a function without parameters that makes it, such as app.main:relay.",
        show_default=False,
    ),
]


def relay(
    target: Target,
    processes: Annotated[int, typer.Option("--processes", min=1, help="How many processes share the work.")] = 1,
    liveness_file: Annotated[
        Path | None, typer.Option("--liveness-file", help="Touched every second while the relay is well.")
    ] = None,
    health_port: Annotated[
        int | None,
        typer.Option("--health-port", min=1, max=65535, help="Answers 200 while the relay is well, and 503 else."),
    ] = None,
) -> None:
    """Deliver what is in the outbox until SIGTERM or SIGINT; the second one cuts short what is being published."""
    own = load_relay(target)
    configure_logging(is_terminal=sys.stderr.isatty())
    health = Health(processes)
    with ExitStack() as stack:
        tell = _told(stack, liveness_file)
        work = _alone(own, health, tell) if processes == 1 else _supervised(target, health, tell, processes)
        code = asyncio.run(_with_answers(work, health_port, health))
    raise typer.Exit(code)


def _told(stack: ExitStack, liveness_file: Path | None) -> Tell:
    tellers: list[Tell] = [LivenessFile(liveness_file)] if liveness_file is not None else []
    if sys.stderr.isatty():
        tellers.append(ProgressLine(stack.enter_context(Live(console=Console(stderr=True), auto_refresh=False))))
    else:
        tellers.append(LogLines())

    def tell(health: Health) -> None:
        for teller in tellers:
            teller(health)

    return tell


async def _with_answers(work: Coroutine[Any, Any, int], port: int | None, health: Health) -> int:
    with closing(work):  # where the port cannot be had
        async with answering(port, health):
            return await work


async def _alone(relay: Relay, health: Health, tell: Tell) -> int:
    def beat(status: RelayStatus) -> None:
        health.heard(os.getpid(), status)
        tell(health)

    return await Running(relay).until_end(beat)


async def _supervised(target: str, health: Health, tell: Tell, processes: int) -> int:
    running = asyncio.create_task(Supervisor(command_of(target), processes, health).run(), name="supervisor")
    while not (await asyncio.wait({running}, timeout=INTERVAL))[0]:
        tell(health)
    tell(health)
    return await running
