"""G3, G10, G11 and joining: the order of events, callbacks, storms, sends inside of sends (traps 7, 30, 31)."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from lagom import Container
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.conftest import App
from tests.integration.messages import Do, Followed, Happened, Inner, Told
from tests.models import Note
from uow_events import (
    BrokerNotConfiguredError,
    DomainEvent,
    EventEmitter,
    EventProcessor,
    EventStormError,
    HandlerNotFoundError,
    InvalidArgumentError,
    InvalidHeaderError,
    Mediator,
    NotAMessageError,
    Recorder,
    Registry,
    RollbackOnlyError,
    UnhandledEventError,
    UnitOfWork,
    UnitOfWorkClosedError,
)


async def test_events_are_handled_breadth_first_in_recorded_order(app: App) -> None:
    """G3: generation n before n + 1; one event's handlers in registration order, the specific class's first."""
    seen: list[str] = []

    @app.registry.event_handler
    async def any_event(event: DomainEvent) -> None:
        seen.append(f"any {event.name}")  # type: ignore[attr-defined]

    @app.registry.event_handler
    async def first(event: Happened, recorder: Recorder) -> None:
        seen.append(f"first {event.name}")
        recorder.record(Followed(f"{event.name}1"))

    @app.registry.event_handler
    async def second(event: Happened, recorder: Recorder) -> None:
        seen.append(f"second {event.name}")
        recorder.record(Followed(f"{event.name}2"))

    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened("a"), Happened("b"))
        return None

    await app.run(body)
    assert seen == [
        *("first a", "second a", "any a", "first b", "second b", "any b"),
        *("any a1", "any a2", "any b1", "any b2"),
    ]


async def test_keys_and_constraint_errors_exist_before_events_are_handled(app: App) -> None:
    async with UnitOfWork(app.engine) as unit:
        unit.session.add(Note(text="taken"))
    handled: list[object] = []

    @app.registry.event_handler
    def hears(event: Happened) -> None:
        handled.append(event)

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="taken"))
        unit.record(Happened())
        return None

    with pytest.raises(IntegrityError):
        await app.run(body)
    assert handled == []


async def test_an_event_without_handlers_is_warned_of_once_per_type(app: App, caplog: pytest.LogCaptureFixture) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened(), Happened(), Followed())
        return None

    with caplog.at_level(logging.WARNING, "uow_events"):
        await app.run(body)
        await app.run(body)
    assert [record.getMessage() for record in caplog.records] == [
        "Handlers for event Happened not found",
        "Handlers for event Followed not found",
    ]


async def test_an_event_without_handlers_may_be_an_error(app: App) -> None:
    app.options["unhandled_events"] = "error"

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="x"))
        unit.record(Happened())
        return None

    with pytest.raises(UnhandledEventError):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_an_endless_chain_of_events_stops_and_rolls_back(app: App) -> None:
    """G11."""
    app.options["max_events"] = 50

    @app.registry.event_handler
    async def there(event: Happened, recorder: Recorder, session: AsyncSession) -> None:
        recorder.record(Followed())

    @app.registry.event_handler
    async def back(event: Followed, recorder: Recorder) -> None:
        recorder.record(Happened())

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="x"))
        unit.record(Happened())
        return None

    with pytest.raises(EventStormError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        "More than 50 events in one unit of work; the last one came by Do -> ... -> Happened -> Followed -> Happened. "
        "Break the cycle, or raise max_events. Everything was rolled back"
    )
    await app.assert_nothing_stored()


async def test_what_before_commit_callbacks_record_counts_towards_the_limit(app: App) -> None:
    app.options["max_events"] = 3
    app.registry.event_handler(Happened)(lambda event: None)

    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened(), Happened(), Happened())
        unit.before_commit(lambda: unit.record(Happened()))
        return None

    with pytest.raises(EventStormError):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_before_commit_callbacks_may_write_record_and_register(app: App) -> None:
    heard: list[str] = []

    @app.registry.event_handler
    async def hears(event: Happened, session: AsyncSession, unit: UnitOfWork) -> None:
        heard.append(event.name)
        session.add(Note(text=event.name))
        if event.name == "from callback":
            unit.before_commit(lambda: unit.record(Happened("from second callback")))

    async def body(unit: UnitOfWork) -> object:
        async def callback() -> None:
            heard.append("callback")
            unit.record(Happened("from callback"))

        unit.before_commit(callback)
        unit.record(Happened("from handler"))
        return None

    await app.run(body)
    assert heard == ["from handler", "callback", "from callback", "from second callback"]
    assert await app.notes() == ["from handler", "from callback", "from second callback"]


async def test_a_failing_before_commit_callback_rolls_back(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="x"))
        unit.record(Told("x"))

        def callback() -> None:
            raise KeyError("callback")

        unit.before_commit(callback)
        return None

    with pytest.raises(KeyError, match="callback"):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_callbacks_run_outside_the_transaction_with_units_of_their_own(app: App) -> None:
    """Traps 7 and 31: not for savepoints, not inside the session's own events, once."""
    ran: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        async def after() -> None:
            ran.append("after commit")
            assert await app.notes() == ["x"]
            with pytest.raises(UnitOfWorkClosedError):
                await unit.session.scalar(text("SELECT 1"))
            await app.mediator.send(Inner())

        unit.after_commit(after)
        unit.after_commit(lambda: ran.append("second"))
        unit.after_rollback(lambda: ran.append("never"))
        async with unit.session.begin_nested():
            unit.session.add(Note(text="x"))
        assert ran == []
        savepoint = await unit.session.begin_nested()
        await savepoint.rollback()
        assert ran == []
        return None

    async def inner(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="own unit"))
        return None

    app.bodies[Inner] = inner
    await app.run(body)
    assert ran == ["after commit", "second"]
    assert await app.notes() == ["x", "own unit"]


async def test_failing_after_commit_callbacks_are_logged_and_change_nothing(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        def fails() -> None:
            raise KeyError("callback")

        unit.after_commit(fails)
        unit.after_commit(lambda: ran.append("next"))
        unit.session.add(Note(text="x"))
        return "answer"

    assert await app.run(body) == "answer"
    assert ran == ["next"]
    assert [record.getMessage() for record in caplog.records] == [
        "A callback failed after the commit; the outcome of the transaction stands"
    ]
    assert await app.notes() == ["x"]


async def test_after_rollback_callbacks_never_mask_the_error(app: App, caplog: pytest.LogCaptureFixture) -> None:
    ran: list[str] = []

    async def body(unit: UnitOfWork) -> object:
        def fails() -> None:
            raise KeyError("callback")

        unit.after_rollback(fails)
        unit.after_rollback(lambda: ran.append("next"))
        unit.after_commit(lambda: ran.append("never"))
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await app.run(body)
    assert ran == ["next"]
    assert [record.getMessage() for record in caplog.records] == [
        "A callback failed after the rollback; the outcome of the transaction stands"
    ]


async def test_a_record_or_flush_after_the_outbox_was_written_is_an_error(app: App) -> None:
    """The outbox rows are the last write (trap 11)."""
    kept: list[Note] = []
    lates: dict[str, Callable[[UnitOfWork], object]] = {
        r"record\(\) was used, but its unit of work is committing": lambda unit: unit.record(Told("late")),
        r"session.add\(\) was used": lambda unit: unit.session.sync_session.add(Note(text="late")),
        "is committing, with its outbox written": lambda unit: setattr(kept[-1], "text", "late"),
    }
    for refusal, late in lates.items():

        async def body(unit: UnitOfWork, late: object = late) -> object:
            unit.record(Told("x"))
            kept.append(Note(text="in time"))
            unit.session.add(kept[-1])
            event.listen(unit.session.sync_session, "before_commit", lambda _: late(unit))  # type: ignore[operator]
            return None

        with pytest.raises(UnitOfWorkClosedError, match=refusal):
            await app.run(body)
    await app.assert_nothing_stored()


async def test_a_caught_error_of_a_joined_send_rolls_everything_back(app: App) -> None:
    """Trap 30: half of the joined command would commit."""

    async def inner(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="half"))
        await unit.session.flush()
        raise KeyError("inner")

    async def body(unit: UnitOfWork) -> object:
        with suppress(KeyError):
            await app.mediator.send(Inner())
        unit.session.add(Note(text="outer"))
        return "success"

    app.bodies[Inner] = inner
    with pytest.raises(RollbackOnlyError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        "A joined send of Inner failed inside this transaction and its error was caught: half of it would have been "
        "committed, so everything was rolled back. Let the error pass"
    )
    assert isinstance(raised.value.__cause__, KeyError)
    await app.assert_nothing_stored()


async def test_the_note_of_a_joined_send_names_the_whole_path(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        raise KeyError("inner")

    @app.registry.event_handler
    async def sends(event: Happened) -> None:
        await app.mediator.send(Inner())

    async def body(unit: UnitOfWork) -> object:
        unit.record(Happened())
        return None

    app.bodies[Inner] = inner
    with pytest.raises(KeyError) as raised:
        await app.run(body)
    assert raised.value.__notes__ == [
        "uow_events: App._inner, handling Do -> Happened -> Inner, failed; everything was rolled back"
    ]


async def test_the_first_of_several_caught_errors_is_the_cause(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        raise KeyError(app.bodies.pop(Note, "second"))

    async def body(unit: UnitOfWork) -> object:
        for _ in range(2):
            with suppress(KeyError):
                await app.mediator.send(Inner())
        return None

    app.bodies[Inner] = inner
    app.bodies[Note] = "first"  # type: ignore[assignment]
    with pytest.raises(RollbackOnlyError) as raised:
        await app.run(body)
    assert repr(raised.value.__cause__) == "KeyError('first')"


async def test_a_caught_error_of_a_joined_unit_of_work_rolls_everything_back(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        with suppress(KeyError):
            async with app.mediator.unit_of_work() as joined:
                assert joined is unit
                joined.session.add(Note(text="half"))
                raise KeyError
        return "success"

    with pytest.raises(RollbackOnlyError, match=r"A joined unit_of_work\(\) failed"):
        await app.run(body)
    await app.assert_nothing_stored()


async def test_handlers_may_be_given_the_mediator(app: App) -> None:
    registry = Registry()

    @registry.command_handler
    async def handle(command: Do, mediator: Mediator) -> object:
        async with mediator.unit_of_work() as joined:
            return mediator, joined.resolve(Mediator)

    mediator = Mediator(app.engine, registry)
    assert await mediator.send(Do()) == (mediator, mediator)


async def test_a_joined_unit_of_work_is_the_running_one(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        async with app.mediator.unit_of_work() as joined:
            joined.session.add(Note(text="inside"))
        unit.session.add(Note(text="outside"))
        return joined is unit

    assert await app.run(body) is True
    assert await app.notes() == ["inside", "outside"]


async def test_a_send_inside_a_unit_of_work_joins_it(app: App) -> None:
    async def inner(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="inner"))
        return unit

    app.bodies[Inner] = inner
    with suppress(KeyError):
        async with app.mediator.unit_of_work() as unit:
            assert await app.mediator.send(Inner()) is unit
            raise KeyError
    await app.assert_nothing_stored()


async def test_another_mediators_send_opens_its_own_transaction(app: App) -> None:
    other = App(app.engine)

    async def own(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="other"))
        return await app.mediator.send(Inner())  # joins the first mediator's running transaction, around this one

    async def inner(unit: UnitOfWork) -> object:
        return unit

    async def body(unit: UnitOfWork) -> object:
        assert await other.run(own) is unit
        raise KeyError

    app.bodies[Inner] = inner
    with suppress(KeyError):
        await app.run(body)
    assert await app.notes() == ["other"]


async def test_headers_of_a_joined_send_are_refused(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        return await app.mediator.send(Inner(), headers={"tenant": "a"})

    with pytest.raises(InvalidHeaderError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        "The header 'tenant' cannot be sent: this send joins a running command, and shares the headers of that"
    )


async def test_a_class_in_place_of_a_command_is_an_error(app: App) -> None:
    with pytest.raises(NotAMessageError, match="the class Do is not an instance of a Command"):
        await app.mediator.send(Do)  # type: ignore[arg-type]


async def test_arguments_that_cannot_work_are_refused_by_name(app: App) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"registry": Registry}, "registry must be an instance of Registry, and is the class Registry"),
        ({"notifications": 5}, r"notifications must be Outbox\(\) or DirectPublishing\(broker\), and is a int"),
        ({"unhandled_events": "raise"}, "unhandled_events must be 'warn', 'error' or 'ignore', and is 'raise'"),
        ({"max_events": 0}, "max_events must be an integer from 1, and is 0"),
        ({"max_requires_new": -1}, "max_requires_new must be None or an integer from 0, and is -1"),
        ({"transaction": None}, "transaction must be an instance of TransactionOptions, and is a NoneType"),
        (
            {"commit_timeout": timedelta(seconds=-1)},
            r"commit_timeout must be a timedelta from 1 millisecond to 24 days, and is datetime.timedelta\(days=-1, "
            r"seconds=86399\)",
        ),
    ]
    for given, message in wrong:
        with pytest.raises(InvalidArgumentError, match=message):
            Mediator(app.engine, **({"registry": app.registry} | given))
    for limit in (timedelta(0), 5):
        with pytest.raises(InvalidArgumentError, match="commit_timeout must be a timedelta from 1 millisecond"):
            UnitOfWork(app.engine, commit_timeout=limit)  # type: ignore[arg-type]
    async with UnitOfWork(app.engine, container=Container()) as unit:
        with pytest.raises(InvalidArgumentError, match="callback must be a callable without parameters, and is 'no'"):
            unit.after_commit("no")  # type: ignore[arg-type]


async def test_recording_inside_a_flush_hook_works_and_flushing_there_is_an_error(app: App) -> None:
    """Trap 7."""
    heard: list[str] = []

    @app.registry.event_handler
    def hears(happened: Happened) -> None:
        heard.append(happened.name)

    async def records(unit: UnitOfWork) -> object:
        event.listen(unit.session.sync_session, "after_flush", lambda *_: unit.record(Happened("flushed")), once=True)
        unit.session.add(Note(text="x"))
        return None

    async def flushes(unit: UnitOfWork) -> object:
        event.listen(unit.session.sync_session, "before_flush", lambda session, *_: session.flush())
        unit.session.add(Note(text="y"))
        return None

    await app.run(records)
    assert heard == ["flushed"]
    with pytest.raises(InvalidRequestError, match="already flushing"):
        await app.run(flushes)
    assert await app.notes() == ["x"]


async def test_a_task_that_outlives_its_unit_opens_its_own(app: App) -> None:
    end = asyncio.Event()
    left: list[asyncio.Task[object]] = []

    async def later() -> object:
        await end.wait()
        return await app.mediator.send(Inner())

    async def inner(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="later"))
        return unit

    async def body(unit: UnitOfWork) -> object:
        left.append(asyncio.create_task(later()))
        return unit

    app.bodies[Inner] = inner
    first = await app.run(body)
    end.set()
    assert await left[0] is not first
    assert await app.notes() == ["later"]


async def test_a_command_without_handler_takes_no_connection(app: App) -> None:
    class Nobody(Do):
        pass

    taken: list[object] = []
    event.listen(app.engine.sync_engine.pool, "checkout", lambda *args: taken.append(args))
    with pytest.raises(HandlerNotFoundError) as raised:
        await app.mediator.send(Nobody())
    assert str(raised.value) == (
        "No handler is registered for the command "
        "Nobody: decorate one with @registry.command_handler, or include its registry"
    )
    assert taken == []


async def test_a_notification_without_channel_rolls_back(app: App) -> None:
    app.options["notifications"] = None

    async def body(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="x"))
        unit.record(Told("x"))
        return None

    with pytest.raises(BrokerNotConfiguredError) as raised:
        await app.run(body)
    assert str(raised.value) == (
        "The notification event Told cannot leave: no channel is configured. "
        "Pass notifications=Outbox() (or DirectPublishing(broker)) to the Mediator"
    )
    assert isinstance(raised.value, RuntimeError)
    await app.assert_nothing_stored()


async def test_emitter_and_processor_serve_a_mediator_of_ones_own(app: App) -> None:
    """The parts by themselves: an EventMap, a container, a unit of work."""

    @app.registry.event_handler
    async def hears(event: Happened, session: AsyncSession, recorder: Recorder) -> None:
        session.add(Note(text=event.name))
        recorder.record(Followed(event.name))

    @app.registry.event_handler
    async def follows(event: Followed, session: AsyncSession) -> None:
        session.add(Note(text=f"{event.name} followed"))

    def pipeline(unit: UnitOfWork) -> EventProcessor:
        return EventProcessor(EventEmitter(app.registry.event_map, unit, sink=unit.sink))

    async with UnitOfWork(app.engine, pipeline=pipeline) as unit:
        unit.record(Happened("a"))
    assert await app.notes() == ["a", "a followed"]


async def test_the_first_send_reports_faults_in_the_wiring(app: App) -> None:
    class NeedsText:
        def __init__(self, text: str) -> None:
            pass

    registry = Registry()

    @registry.command_handler(Do)
    async def handle(command: Do, needs: NeedsText) -> object:
        return None

    from uow_events import WiringError

    with pytest.raises(WiringError, match="1 fault"):
        await Mediator(app.engine, registry).send(Do())
    with pytest.raises(WiringError):
        async with Mediator(app.engine, registry):
            pass
    async with Mediator(app.engine, Registry()) as mediator:
        assert isinstance(mediator, Mediator)
