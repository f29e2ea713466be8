"""What users entered stays out of logs and of the errors that this framework writes."""

import logging
from asyncio import CancelledError
from contextlib import suppress
from traceback import format_exception

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.integration.conftest import App
from uow_events import TransactionAbortedError, TransactionOptions, UnitOfWork

SECRET = "a secret"


@pytest.mark.parametrize("when", ["after_commit", "after_rollback"])
@pytest.mark.parametrize("leaves", [KeyError, CancelledError])
async def test_the_log_of_a_callback_that_failed_shows_no_parameters_of_its_statement(
    app: App, when: str, leaves: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def callback() -> None:
        try:
            async with app.mediator.unit_of_work() as unit:
                await unit.session.execute(text("SELECT 1 / 0 WHERE :given <> ''"), {"given": SECRET})
        except DBAPIError as error:
            raise leaves from error

    async def body(unit: UnitOfWork) -> object:
        getattr(unit, when)(callback)
        if when == "after_rollback":
            raise KeyError
        return None

    with suppress(KeyError):
        await app.run(body)
    assert "division by zero" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("swallowed", [False, True])
async def test_an_error_of_the_settings_shows_none_of_their_values(app: App, swallowed: bool) -> None:
    app.options["transaction"] = TransactionOptions(settings={"app.token": SECRET, "no_such_setting": "on"})

    async def body(unit: UnitOfWork) -> object:
        with suppress(*[DBAPIError] if swallowed else []):
            await unit.session.execute(text("SELECT 1"))
        return None

    with pytest.raises(TransactionAbortedError if swallowed else DBAPIError) as raised:
        await app.run(body)
    shown = "".join(format_exception(raised.value))
    assert 'unrecognized configuration parameter "no_such_setting"' in shown
    assert SECRET not in shown
