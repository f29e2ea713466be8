"""Sends the lines, one after the other, and keeps how each ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from examples.meetings.demo.lines import INVALID, SUCCESS, Line
from examples.meetings.demo.model import Model
from examples.meetings.demo.trace import Trace
from uow_events import Mediator


@dataclass(frozen=True, slots=True)
class Result:
    line: Line
    outcome: str
    error: Exception | None = None
    trace: Trace | None = None

    @property
    def as_expected(self) -> bool:
        return self.outcome == self.line.expect


class Run:
    """The results so far, and the trace to show: that of the wanted line, or else the first one of the deepest."""

    def __init__(self, mediator: Mediator, model: Model, wanted: int | None = None) -> None:
        self.mediator = mediator
        self.model = model
        self.wanted = wanted
        self.results: list[Result] = []
        self.shown: Result | None = None

    async def send_all(self, lines: Sequence[Line], advance: Callable[[], None]) -> None:
        for line in lines:
            result = await self.send(line)
            self.remember(result)
            advance()

    async def send(self, line: Line) -> Result:
        if line.command is None:
            return Result(line, INVALID)
        self.model.apply(line.command)
        with Trace().running() as trace:
            try:
                await self.mediator.send(line.command)
            except Exception as error:  # however a command ends is a result here
                return Result(line, type(error).__name__, error, trace)
        return Result(line, SUCCESS, trace=trace)

    def remember(self, result: Result) -> None:
        if self.is_to_show(result):
            self.shown = result
        # The traces of a large input are not kept but where they are shown.
        self.results.append(result if result.error else Result(result.line, result.outcome))

    def is_to_show(self, result: Result) -> bool:
        if result.trace is None or self.wanted is not None:
            return result.line.number == self.wanted
        best = self.shown.trace.depth if self.shown and self.shown.trace else -1
        return result.trace.depth > best

    @property
    def failures(self) -> list[Result]:
        return [result for result in self.results if result.outcome != SUCCESS]

    @property
    def mismatches(self) -> list[Result]:
        return [result for result in self.results if not result.as_expected]
