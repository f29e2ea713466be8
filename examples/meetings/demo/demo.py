"""The whole demo, from an empty database to the verdict."""

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack

from rich.console import Console
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.meetings.application import all_handlers, build_mediator
from examples.meetings.demo import show
from examples.meetings.demo.counts import compare
from examples.meetings.demo.database import demo_database
from examples.meetings.demo.delivery import deliver
from examples.meetings.demo.lines import Line
from examples.meetings.demo.model import Model
from examples.meetings.demo.outbox import rows_of_send
from examples.meetings.demo.race import is_as_expected, race_for_last_seat
from examples.meetings.demo.run import Run
from examples.meetings.demo.tracing import trace_handler, traced
from examples.meetings.demo.tree import attach_rows, tree_of
from uow_events import InMemoryBroker


async def run_demo(console: Console, lines: Sequence[Line], wanted: int | None = None) -> bool:
    """Start or connect, then run everything; return whether all ended as expected."""
    async with AsyncExitStack() as stack:
        with console.status("Starting PostgreSQL and migrating"):
            engine = await stack.enter_async_context(demo_database(os.environ))
        console.print(f"PostgreSQL is ready; lines to send: {len(lines)}")
        return await run_on(engine, console, lines, wanted)


async def run_on(engine: AsyncEngine, console: Console, lines: Sequence[Line], wanted: int | None = None) -> bool:
    """Run everything on a migrated, empty database."""
    model = Model()
    run = Run(build_mediator(engine, traced(all_handlers()), [trace_handler]), model, wanted)
    with show.progress_on(console) as progress:
        task = progress.add_task("Sending", total=len(lines))
        await run.send_all(lines, lambda: progress.advance(task))
    await show_trace(engine, console, run)
    show.show_failures(console, run.failures)
    outcomes = await race_for_last_seat(build_mediator(engine), model)
    show.show_race(console, outcomes)
    return await judge(engine, console, run, outcomes)


async def show_trace(engine: AsyncEngine, console: Console, run: Run) -> None:
    if run.shown is None or run.shown.trace is None:
        return
    trace = run.shown.trace
    attach_rows(trace, await rows_of_send(engine, trace.correlation_id))
    console.rule(Text("What ran for one command"))
    console.print(tree_of(run.shown, trace))


async def judge(engine: AsyncEngine, console: Console, run: Run, outcomes: Counter[str]) -> bool:
    counts = await compare(engine, run.model)
    show.show_counts(console, counts)
    delivered = await deliver(engine, InMemoryBroker())
    show.show_delivered(console, "the broker in memory", delivered)
    agree = all(count.agrees for count in counts) and delivered.is_complete
    show.show_verdict(console, len(run.results), run.mismatches, agree)
    return agree and not run.mismatches and is_as_expected(outcomes)
