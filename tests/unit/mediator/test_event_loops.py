"""A mediator belongs to the event loop that its engine's connections belong to."""

import asyncio
from dataclasses import dataclass

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from uow_events import Command, Mediator, Registry, WrongEventLoopError


@dataclass(frozen=True)
class Ask(Command[str]): ...


def test_a_mediator_used_on_a_second_event_loop_is_refused() -> None:
    registry = Registry()

    @registry.command_handler
    async def answer(command: Ask) -> str:
        return "answer"

    mediator = Mediator(create_async_engine("postgresql+asyncpg://"), registry)

    async def ask() -> str:
        return await mediator.send(Ask())

    async def open_unit() -> None:
        mediator.unit_of_work()

    assert asyncio.run(ask()) == "answer"
    for second_use in (ask, open_unit):
        with pytest.raises(WrongEventLoopError) as caught:
            asyncio.run(second_use())
        assert str(caught.value) == (
            "This mediator has been used on another event loop, to which its engine's connections belong: make an "
            "engine and a mediator for each event loop"
        )
