"""What the mediator makes of a send's options: its transaction, its deadline, its key, and what it may join."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.conftest import App
from tests.integration.messages import Happened, Inner
from tests.models import Note
from uow_events import (
    Command,
    InvalidArgumentError,
    Query,
    RegistrationClosedError,
    TransactionOptions,
    TransactionOptionsConflictError,
    UnitOfWork,
    WiringError,
)

SHOWN = text("SELECT current_setting('transaction_isolation'), current_setting('app.tenant')")
LOCK_TIMEOUT = text("SELECT current_setting('lock_timeout')")


@dataclass(frozen=True, slots=True)
class Ask(Query[str]):
    what: str = ""


@dataclass(frozen=True, slots=True)
class Pay(Command[int]):
    cents: int


class Boom(Exception):
    pass


async def joins(app: App, message: Any, **options: Any) -> object:
    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(message, **options)

    return await app.run(outer)


async def test_a_command_has_the_options_of_its_registration_over_those_of_its_mediator(app: App) -> None:
    own = TransactionOptions(isolation_level="SERIALIZABLE")

    @app.registry.command_handler(transaction=own)
    async def pay(command: Pay, session: AsyncSession) -> int:
        assert (await session.execute(SHOWN)).one() == ("serializable", "acme")
        return command.cents

    app.options["transaction"] = TransactionOptions(
        isolation_level="REPEATABLE READ", settings=lambda context: {"app.tenant": context.headers["tenant"]}
    )
    assert await app.mediator.send(Pay(3), headers={"tenant": "acme"}) == 3


@pytest.mark.parametrize(
    ("own", "option"),
    [
        (TransactionOptions(isolation_level="SERIALIZABLE"), "isolation_level"),
        (TransactionOptions(read_only=True), "read_only"),
        (TransactionOptions(lock_timeout=timedelta(seconds=1)), "lock_timeout"),
        (TransactionOptions(statement_timeout=timedelta(seconds=1)), "statement_timeout"),
        (TransactionOptions(settings={"app.tenant": "a"}), "settings"),
    ],
)
async def test_a_send_cannot_join_a_transaction_that_is_not_as_it_asks(
    app: App, own: TransactionOptions, option: str
) -> None:
    app.registry.command_handler(pay, transaction=own)
    with pytest.raises(TransactionOptionsConflictError) as caught:
        await joins(app, Pay(1))
    assert (caught.value.name, caught.value.option) == ("Pay", option)
    assert await joins(app, Pay(1), propagation="requires_new") == 1


async def test_a_block_cannot_join_a_transaction_that_is_not_as_it_asks(app: App) -> None:
    async def outer(unit: UnitOfWork) -> object:
        async with app.mediator.unit_of_work(transaction=TransactionOptions(read_only=True)):
            return "never"

    with pytest.raises(TransactionOptionsConflictError):
        await app.run(outer)


async def test_options_of_a_block_are_checked(app: App) -> None:
    wrong: Any = "SERIALIZABLE"
    with pytest.raises(InvalidArgumentError) as caught:
        app.mediator.unit_of_work(transaction=wrong)
    assert str(caught.value) == ("The argument transaction must be an instance of TransactionOptions, and is a str")
    async with app.mediator.unit_of_work(transaction=None) as unit:
        assert unit.transaction.isolation_level is None


async def test_a_handler_registered_after_an_early_check_is_checked_by_the_first_send(app: App) -> None:
    app.mediator.verify()

    @app.registry.query_handler
    async def ask(query: Ask, missing: Callable[[], str]) -> str:
        return missing()

    with pytest.raises(WiringError, match="ask"):
        await app.mediator.send(Ask())


async def test_what_is_registered_after_the_first_send_is_refused(app: App) -> None:
    app.bodies[Inner] = returns(None)
    await app.mediator.send(Inner())
    registry = app.registry
    wrong: list[tuple[Callable[[Any], Any], Any]] = [
        (registry.query_handler, ask_nothing),
        (registry.command_handler, pay),
        (registry.event_handler, hear),
    ]
    for register, handler in wrong:
        with pytest.raises(RegistrationClosedError) as caught:
            register(handler)
        assert str(caught.value) == (
            f"{handler.__name__} cannot be registered any more: a mediator has run with it. Register and declare "
            "everything before that"
        )


def returns(answer: object) -> Any:
    async def body(unit: UnitOfWork) -> object:
        return answer

    return body


def paying(ran: list[int]) -> Any:
    async def pay(command: Pay, session: AsyncSession) -> int:
        ran.append(command.cents)
        session.add(Note(text=str(command.cents)))
        return command.cents

    return pay


async def pay(command: Pay) -> int:
    return command.cents


async def hear(event: Happened) -> None: ...


async def ask_nothing(query: Ask) -> str:
    return ""
