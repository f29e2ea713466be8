"""Recording from threads: the event belongs to the transaction, or the call is an error; none is lost in silence."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.messages import Do, Told
from uow_events import CommandHandler, Mediator, NoUnitOfWorkError, Outbox, Registry


@pytest.mark.parametrize("carried_along", [True, False], ids=["asyncio.to_thread", "run_in_executor"])
async def test_what_a_handler_records_in_a_thread_is_never_lost_in_silence(
    engine: AsyncEngine, carried_along: bool
) -> None:
    class Tells(CommandHandler[Do, object]):
        async def handle(self, command: Do) -> object:
            if carried_along:
                await asyncio.to_thread(self.record, Told("a"))
                return self.events
            with pytest.raises(NoUnitOfWorkError) as raised:
                await asyncio.get_running_loop().run_in_executor(None, self.record, Told("a"))
            return str(raised.value)

    registry = Registry()
    registry.command_handler(Tells)
    assert await Mediator(engine, registry, notifications=Outbox()).send(Do()) == (
        (Told("a"),)
        if carried_along
        else "Tells.record() needs a running unit of work: call it from a handler, or inside `async with "
        "mediator.unit_of_work()`"
    )
