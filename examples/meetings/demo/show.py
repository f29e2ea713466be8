"""What the demo prints; input is printed as text, never as markup."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from examples.meetings.demo.counts import Count
from examples.meetings.demo.delivery import Delivered
from examples.meetings.demo.race import RACERS, is_as_expected
from examples.meetings.demo.run import Result
from examples.meetings.demo.text import plain
from examples.meetings.demo.trace import Trace


def progress_on(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def show_failures(console: Console, failures: Sequence[Result]) -> None:
    console.rule(Text(f"Lines that failed: {len(failures)}"))
    for result in failures:
        expected = "as expected" if result.as_expected else f"expected: {result.line.expect}"
        console.print(Text(plain(f"line {result.line.number}: {what_failed(result)} ({expected})"), style="bold"))
        for text in rolled_back(result):
            console.print(Padding(Text(plain(text)), (0, 0, 0, 4), expand=False))


def what_failed(result: Result) -> str:
    if result.error is None:
        return f"invalid: {result.line.problem}"
    return f"{result.line.command!r}: {result.outcome}: {result.error}"


def rolled_back(result: Result) -> list[str]:
    if result.error is None:
        return []
    notes: list[str] = getattr(result.error, "__notes__", [])
    return [*notes, *([undone(result.trace)] if result.trace and result.trace.events else [])]


def undone(trace: Trace) -> str:
    names = Counter(step.handler for step in trace.steps)
    ran = ", ".join(f"{name} x {number}" if number > 1 else name for name, number in names.items())
    return f"undone: {ran}; events: {len(trace.events)}, rows for the outbox: {len(trace.published)}"


def show_race(console: Console, outcomes: Counter[str]) -> None:
    console.rule(Text(f"{RACERS} concurrent sends for the last seat"))
    ended = ", ".join(f"{number} x {outcome}" for outcome, number in sorted(outcomes.items()))
    verdict = "as expected" if is_as_expected(outcomes) else f"expected: {RACERS - 1} x MeetingFull, 1 x success"
    console.print(Text(plain(f"{ended} ({verdict})")))


def show_counts(console: Console, counts: Sequence[Count]) -> None:
    table = Table("", "expected", "in the database", "", title="What the input says, and what the database holds")
    for count in counts:
        verdict = Text("ok", style="green") if count.agrees else Text("DIFFERS", style="bold red")
        table.add_row(Text(plain(count.name)), str(count.expected), str(count.found), verdict)
    console.print(table)


def show_delivered(console: Console, broker: str, delivered: Delivered) -> None:
    table = Table("topic", "messages", title=f"What reached {broker}")
    for topic, number in sorted(delivered.by_topic.items()):
        table.add_row(Text(plain(topic)), str(number))
    console.print(table)
    order = "each key's in order" if delivered.is_in_order else "NOT as they were stored"
    console.print(Text(f"{len(delivered.confirmed)} of {len(delivered.stored)} messages delivered, {order}."))


def show_verdict(console: Console, total: int, mismatches: Sequence[Result], agree: bool) -> None:
    for result in mismatches:
        ended = f"line {result.line.number} ended in {result.outcome}, expected was {result.line.expect}"
        console.print(Text(plain(ended), style="red"))
    lines = f"{total - len(mismatches)} of {total} lines ended as expected"
    console.print(Text(f"{lines}; the counts {'agree' if agree else 'DIFFER'}.", style="bold"))
