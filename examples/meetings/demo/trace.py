"""What one send set in motion, as a tree: messages, the handlers that ran for them, what those recorded or sent."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from examples.meetings.demo.outbox import OutboxRow
from uow_events import Command, DomainEvent, HandlerContext, NotificationEvent

running_step: ContextVar[Step | None] = ContextVar("meetings_demo_step", default=None)


@dataclass(slots=True, eq=False)
class Message:
    """A command or an event; one that was recorded as a callable has its content only after the flush."""

    content: Any = None
    steps: list[Step] = field(default_factory=list["Step"])
    built_after_flush: bool = False
    row: OutboxRow | None = None

    @property
    def is_command(self) -> bool:
        return isinstance(self.content, Command)

    @property
    def depth(self) -> int:
        """How many generations of events follow; a command that a handler sends is in its sender's."""
        said = (message for step in self.steps for message in step.said)
        return max((message.depth + (not message.is_command) for message in said), default=0)

    def walk(self) -> Iterator[Message]:
        yield self
        for step in self.steps:
            for message in step.said:
                yield from message.walk()


@dataclass(slots=True, eq=False)
class Step:
    """One run of one handler; `said` is what it recorded and the commands it sent, in order."""

    trace: Trace
    handler: str
    context: HandlerContext | None = None
    said: list[Message] = field(default_factory=list["Message"])
    recorded: list[Message] = field(default_factory=list["Message"])
    seconds: float = 0.0
    failed: bool = False

    def catch_up(self) -> None:
        """Note what the handler has recorded since the last look, and what was built since."""
        contents = self.context.recorded if self.context else ()
        for content in contents[len(self.recorded) :]:
            message = Message(built_after_flush=not is_event(content))
            self.recorded.append(message)
            self.said.append(message)
        for message, content in zip(self.recorded, contents, strict=False):
            if message.content is None and is_event(content):
                self.trace.learn(message, content)


def is_event(content: object) -> bool:
    return isinstance(content, DomainEvent | NotificationEvent)


class Trace:
    """Filled by the middleware around handlers (tracing.py) while it is the running one."""

    def __init__(self) -> None:
        self.outside = Step(self, "the sender")
        self.published: list[Message] = []
        self.correlation_id = ""
        self.seconds = 0.0
        self._known: dict[int, Message] = {}

    @property
    def depth(self) -> int:
        return max((message.depth for message in self.outside.said), default=0)

    @property
    def messages(self) -> list[Message]:
        return [found for message in self.outside.said for found in message.walk()]

    @property
    def events(self) -> list[Message]:
        return [message for message in self.messages if not message.is_command]

    @property
    def steps(self) -> list[Step]:
        return [step for message in self.messages for step in message.steps]

    def learn(self, message: Message, content: object) -> None:
        message.content = content
        self._known[id(content)] = message

    def message_of(self, content: object, step: Step) -> Message:
        """Return the message that this event was recorded as, or a new one: a command that `step` sends."""
        if id(content) not in self._known:
            for one in self.steps:
                one.catch_up()
        if id(content) not in self._known:
            message = Message()
            self.learn(message, content)
            step.said.append(message)
        return self._known[id(content)]

    @contextmanager
    def running(self) -> Generator[Trace]:
        token = running_step.set(self.outside)
        started = perf_counter()
        try:
            yield self
        finally:
            self.seconds = perf_counter() - started
            running_step.reset(token)
