"""Which message a log record belongs to, inside of a unit of work, after its end, and outside of it."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.conftest import App
from tests.integration.messages import Do, Happened
from uow_events import ContextFilter, UnitOfWork
from uow_events.messages import Invocation

NAMES = ("message_id", "correlation_id", "causation_id", "command", "handler", "attempt")
NOTHING = ("-",) * 6
logger = logging.getLogger("tests.log_context")


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def seen(self) -> list[tuple[object, ...]]:
        return [tuple(getattr(record, name) for name in NAMES) for record in self.records]


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    handler.addFilter(ContextFilter())
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def expected(unit: UnitOfWork, handler: str) -> tuple[object, ...]:
    return (str(unit.context.message_id), "request-7", "event-3", "Do", handler, 1)


async def test_a_record_tells_message_command_and_handler(app: App, kept: Kept) -> None:
    units: list[UnitOfWork] = []

    @app.registry.event_handler
    async def hears(event: Happened) -> None:
        logger.error("in an event handler")
        await asyncio.create_task(log_later())

    async def log_later() -> None:
        logger.error("in a task that it started")

    async def body(unit: UnitOfWork) -> object:
        units.append(unit)
        logger.error("in the command's handler")
        unit.record(Happened())
        unit.after_commit(lambda: logger.error("after the commit"))
        return None

    app.bodies[Do] = body
    await app.mediator.send(Do(), headers={"correlationid": "request-7", "causationid": "event-3"})
    logger.error("outside")
    (unit,) = units
    handlers = ("App._do", "hears", "hears", "-")
    assert kept.seen == [*(expected(unit, handler) for handler in handlers), NOTHING]


async def test_a_task_that_outlives_its_unit_still_tells_where_it_came_from(app: App, kept: Kept) -> None:
    ended = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def log_later() -> None:
        await ended.wait()
        logger.error("after the end")

    async def body(unit: UnitOfWork) -> object:
        tasks.append(asyncio.create_task(log_later()))
        return str(unit.context.message_id)

    message_id = await app.run(body)
    ended.set()
    await tasks[0]
    assert kept.seen == [(message_id, message_id, "-", "Do", "App._do", 1)]


async def test_a_records_own_attributes_stay(app: App, kept: Kept) -> None:
    async def body(unit: UnitOfWork) -> object:
        logger.error("mine", extra={"handler": "my own"})
        return None

    await app.run(body)
    assert kept.records[0].__dict__["handler"] == "my own"
    assert kept.records[0].__dict__["command"] == "Do"


async def test_an_emitter_by_itself_is_no_unit_of_work(app: App, kept: Kept) -> None:
    with Invocation("Happened", "hears", None):
        logger.error("without a unit of work")

    async def body(unit: UnitOfWork) -> Any:
        with Invocation("Happened", "hears", None):
            logger.error("inside of one")

    await app.run(body)
    assert kept.seen[0] == NOTHING
    assert kept.seen[1][3:] == ("Do", "hears", 1)
