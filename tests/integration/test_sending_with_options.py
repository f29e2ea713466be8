"""Transaction options through the mediator: per registration, over the mediator's, and what cannot join what."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.integration.conftest import App
from tests.integration.messages import Happened
from tests.models import Note
from uow_events import (
    Command,
    CommandTimeoutError,
    EventsOfQueryError,
    HandlerSignatureError,
    Query,
    Recorder,
    Registry,
    TransactionOptions,
    TransactionOptionsConflictError,
    UnitOfWork,
    WiringError,
)

LIMITS = "SELECT current_setting('transaction_isolation') || ' ' || current_setting('lock_timeout')"


@dataclass(frozen=True)
class Ask(Query[str]): ...


@dataclass(frozen=True)
class Change(Command[str]): ...


READ_ONLY = TransactionOptions(read_only=True)
SERIALIZABLE = TransactionOptions(isolation_level="SERIALIZABLE")


async def test_a_registration_overrides_the_mediator_option_by_option(app: App) -> None:
    app.options["transaction"] = TransactionOptions(isolation_level="SERIALIZABLE", lock_timeout=timedelta(seconds=3))

    @app.registry.command_handler(transaction=TransactionOptions(isolation_level="REPEATABLE READ"))
    async def change(command: Change, unit: UnitOfWork) -> str:
        return str(await unit.session.scalar(text(LIMITS)))

    @app.registry.query_handler(transaction=TransactionOptions(lock_timeout=None))
    async def ask(query: Ask, unit: UnitOfWork) -> str:
        return str(await unit.session.scalar(text(LIMITS)))

    assert await app.mediator.send(Change()) == "repeatable read 3s"
    assert await app.mediator.send(Ask()) == "serializable 0"
    async with app.mediator.unit_of_work(transaction=TransactionOptions(isolation_level=None)) as unit:
        assert await unit.session.scalar(text(LIMITS)) == "read committed 3s"


async def test_a_timeout_names_what_was_running(app: App) -> None:
    @app.registry.command_handler(transaction=TransactionOptions(timeout=timedelta(milliseconds=50)))
    async def change(command: Change, unit: UnitOfWork) -> str:
        return str(await unit.session.scalar(text("SELECT pg_sleep(30)")))

    with pytest.raises(CommandTimeoutError) as caught:
        await app.mediator.send(Change())
    assert (caught.value.command, caught.value.running) == ("Change", "Change (change), in session.scalar()")


@pytest.mark.parametrize("statement", ["INSERT INTO note (text) VALUES ('x')", "SELECT nextval('note_id_seq')"])
async def test_a_query_cannot_write(app: App, statement: str) -> None:
    @app.registry.query_handler
    async def ask(query: Ask, unit: UnitOfWork) -> str:
        return str(await unit.session.execute(text(statement)))

    with pytest.raises(DBAPIError) as caught:
        await app.mediator.send(Ask())
    assert caught.value.orig.sqlstate == "25006"
    await app.assert_nothing_stored()


async def test_a_query_cannot_flush_what_it_added(app: App) -> None:
    @app.registry.query_handler
    async def ask(query: Ask, unit: UnitOfWork) -> str:
        unit.session.add(Note(text="x"))
        return "answer"

    with pytest.raises(DBAPIError) as caught:
        await app.mediator.send(Ask())
    assert caught.value.orig.sqlstate == "25006"


async def test_a_query_records_nothing(app: App) -> None:
    @app.registry.query_handler
    async def ask(query: Ask, recorder: Recorder) -> str:
        recorder.record(Happened())
        return "answer"

    with pytest.raises(EventsOfQueryError) as caught:
        await app.mediator.send(Ask())
    assert caught.value.query == "Ask"


async def test_a_query_inside_of_a_command_records_nothing_either(app: App) -> None:
    @app.registry.query_handler
    async def ask(query: Ask, recorder: Recorder) -> str:
        recorder.record(Happened())
        return "answer"

    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Ask())

    with pytest.raises(EventsOfQueryError):
        await app.run(outer)
    await app.assert_nothing_stored()


async def test_a_command_cannot_join_a_query(app: App) -> None:
    @app.registry.query_handler
    async def ask(query: Ask) -> str:
        return await app.mediator.send(Change())

    @app.registry.command_handler
    async def change(command: Change) -> str:
        return "changed"

    with pytest.raises(TransactionOptionsConflictError) as caught:
        await app.mediator.send(Ask())
    assert str(caught.value) == (
        "Change cannot join the running transaction: it asks for read_only=False, and the transaction has True. Give "
        'both the same option, or run it in a transaction of its own: send(..., propagation="requires_new")'
    )


async def test_a_command_cannot_join_a_transaction_of_another_kind(app: App) -> None:
    @app.registry.command_handler(transaction=SERIALIZABLE)
    async def change(command: Change) -> str:
        return "changed"

    async def outer(unit: UnitOfWork) -> object:
        with pytest.raises(TransactionOptionsConflictError):
            app.mediator.unit_of_work(transaction=SERIALIZABLE)
        assert await app.mediator.send(Change(), propagation="requires_new") == "changed"
        return await app.mediator.send(Change())

    with pytest.raises(TransactionOptionsConflictError) as caught:
        await app.run(outer)
    assert (caught.value.option, caught.value.wanted, caught.value.running) == ("isolation_level", "SERIALIZABLE", None)
    async with app.mediator.unit_of_work(transaction=SERIALIZABLE):
        assert await app.mediator.send(Change()) == "changed"


@pytest.mark.parametrize(
    ("running", "off"),
    [
        (TransactionOptions(lock_timeout=timedelta(seconds=1)), TransactionOptions(lock_timeout=None)),
        (TransactionOptions(statement_timeout=timedelta(seconds=1)), TransactionOptions(statement_timeout=None)),
        (TransactionOptions(settings={"app.tenant": "acme"}), TransactionOptions(settings=None)),
        (SERIALIZABLE, TransactionOptions(isolation_level=None)),
    ],
)
async def test_a_command_that_switches_an_option_off_cannot_join_a_transaction_that_has_it(
    app: App, running: TransactionOptions, off: TransactionOptions
) -> None:
    @app.registry.command_handler(transaction=off)
    async def change(command: Change) -> str:
        return "changed"

    async with app.mediator.unit_of_work():
        assert await app.mediator.send(Change()) == "changed"
    with pytest.raises(TransactionOptionsConflictError) as caught:
        async with app.mediator.unit_of_work(transaction=running):
            await app.mediator.send(Change())
    assert caught.value.wanted is None


@pytest.mark.parametrize(
    ("mediators", "own"),
    [(TransactionOptions(), READ_ONLY), (READ_ONLY, TransactionOptions())],
    ids=["its own", "the mediator's"],
)
async def test_a_command_that_only_reads_joins_a_transaction_that_is_read_only(
    app: App, mediators: TransactionOptions, own: TransactionOptions
) -> None:
    app.options["transaction"] = mediators

    @app.registry.query_handler
    async def ask(query: Ask) -> str:
        async with app.mediator.unit_of_work(transaction=own):
            return await app.mediator.send(Change())

    @app.registry.command_handler(transaction=own)
    async def change(command: Change) -> str:
        return "looked"

    assert await app.mediator.send(Ask()) == "looked"


async def test_options_that_contradict_each_other_only_together_are_faults_of_the_wiring(app: App) -> None:
    app.options["transaction"] = TransactionOptions(timeout=timedelta(seconds=1))

    @app.registry.command_handler(transaction=TransactionOptions(lock_timeout=timedelta(seconds=2)))
    async def change(command: Change) -> str:
        return "changed"

    with pytest.raises(WiringError) as caught:
        await app.mediator.send(Change())
    (fault,) = caught.value.faults
    assert fault.subject == "change"
    assert fault.remedy == "change its own transaction options, or those of the mediator that it inherits"


@pytest.mark.parametrize(
    ("transaction", "problem"),
    [
        ("fast", "its transaction must be TransactionOptions, and is 'fast'"),
        (
            TransactionOptions(read_only=False),
            "a query's transaction is read-only, and its options say otherwise: leave out read_only",
        ),
    ],
)
def test_options_that_cannot_be_are_refused_at_registration(transaction: TransactionOptions, problem: str) -> None:
    async def ask(query: Ask) -> str:
        return "answer"

    with pytest.raises(HandlerSignatureError) as caught:
        Registry().query_handler(ask, transaction=transaction)
    assert str(caught.value) == f"The handler ask cannot be registered: {problem}"
