"""One command as a tree."""

from typing import Any

from rich.text import Text
from rich.tree import Tree

from examples.meetings.demo.outbox import OutboxRow
from examples.meetings.demo.run import Result
from examples.meetings.demo.text import plain
from examples.meetings.demo.trace import Message, Step, Trace
from uow_events import NotificationEvent


def attach_rows(trace: Trace, rows: list[OutboxRow]) -> None:
    """Set each published message beside its row; both are in the order of publishing."""
    for message, row in zip(trace.published, rows, strict=False):
        if type(message.content).__name__ == row.type:
            message.row = row


def tree_of(result: Result, trace: Trace) -> Tree:
    state = "rolled back" if result.error else "committed"
    tree = Tree(Text(f"line {result.line.number}: {state} after {milliseconds(trace.seconds)}", style="bold"))
    for message in trace.outside.said:
        add_message(tree, message, result)
    own = sum(step.seconds for message in trace.messages if not is_nested(message, trace) for step in message.steps)
    tree.add(Text(f"{milliseconds(trace.seconds - own)} outside of handlers: connection, flushes, outbox, commit"))
    return tree


def is_nested(message: Message, trace: Trace) -> bool:
    """Whether its handlers' time is part of the time of the handler that sent it."""
    return message.is_command and message not in trace.outside.said


def add_message(tree: Tree, message: Message, result: Result) -> None:
    node = tree.add(message_label(message, result))
    for step in message.steps:
        add_step(node, step, result)


def add_step(tree: Tree, step: Step, result: Result) -> None:
    label = Text.assemble((step.handler, "bold"), f"  {milliseconds(step.seconds)}")
    if step.failed and result.error:
        label.append(f"  {type(result.error).__name__}", style="red")
    node = tree.add(label)
    for message in step.said:
        add_message(node, message, result)


def message_label(message: Message, result: Result) -> Text:
    label = Text(plain(repr(message.content)), style="cyan" if message.is_command else "green")
    if message.content is None:
        return Text("an event that was never built", style="dim")
    for note in notes(message, result):
        label.append(f"  {note}", style="dim")
    return label


def notes(message: Message, result: Result) -> list[str]:
    found = ["built after the flush"] if message.built_after_flush else []
    if isinstance(message.content, NotificationEvent):
        found.append(row_note(message.row, result.error))
    return found


def row_note(row: OutboxRow | None, error: Any) -> str:
    if row is None:
        return "-> no outbox row: rolled back" if error else "-> NO OUTBOX ROW"
    return plain(f"-> outbox row {row.id}, topic {row.topic}, key {row.key}")


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
