"""Middleware of a mediator: what it is told, where the transaction is, what its errors do."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.integration.conftest import App
from tests.integration.messages import Do, Happened, Inner
from tests.models import Note
from uow_events import (
    CallNext,
    HandlerContext,
    InvalidArgumentError,
    InvalidHeaderError,
    MessageContext,
    RollbackOnlyError,
    SendContext,
    UnitOfWork,
)


@dataclass
class Seen:
    """A middleware that notes each send, before and after, with what another transaction finds stored."""

    app: App
    sends: list[SendContext] = field(default_factory=list)
    stored: list[tuple[str, list[str]]] = field(default_factory=list)

    async def __call__(self, context: SendContext, call_next: CallNext) -> Any:
        self.sends.append(context)
        try:
            return await call_next()
        finally:
            self.stored.append((type(context.message).__name__, await self.app.notes()))


async def adds_a_note(unit: UnitOfWork) -> object:
    unit.session.add(Note(text="command"))
    unit.record(Happened("a"))
    return unit.context


async def test_around_a_send_the_transaction_begins_and_ends_inside(app: App) -> None:
    seen = Seen(app)
    app.options["middleware"] = [seen]
    context = await app.run(adds_a_note)
    assert seen.stored == [("Do", ["command"])]
    assert [(send.message, send.propagation, send.is_joined) for send in seen.sends] == [(Do(), "join", False)]
    assert seen.sends[0].message_context is context


async def test_around_a_joined_send_the_transaction_is_open(app: App) -> None:
    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Inner())

    seen = Seen(app)
    app.options["middleware"] = [seen]
    app.bodies |= {Do: outer, Inner: adds_a_note}
    await app.mediator.send(Do(), headers={"tenant": "a"})
    assert seen.stored == [("Inner", []), ("Do", ["command"])]
    assert [(send.is_joined, send.headers) for send in seen.sends] == [
        (False, {"tenant": "a"}),
        (True, {"tenant": "a"}),
    ]
    assert seen.sends[0].message_context is seen.sends[1].message_context


async def test_the_messages_headers_come_of_what_middleware_made_of_them(app: App) -> None:
    async def enrich(context: SendContext, call_next: CallNext) -> Any:
        context.headers |= {"tenant": "a", "correlationid": "request-7"}
        return await call_next()

    app.options["middleware"] = [enrich]
    context = await app.run(adds_a_note)
    assert isinstance(context, MessageContext)
    assert (context.headers, context.correlation_id) == ({"tenant": "a"}, "request-7")


async def test_headers_of_a_joined_send_cannot_be_changed(app: App) -> None:
    async def enrich(context: SendContext, call_next: CallNext) -> Any:
        if context.is_joined:
            context.headers["tenant"] = "b"
        return await call_next()

    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Inner())

    app.options["middleware"] = [enrich]
    app.bodies |= {Do: outer, Inner: adds_a_note}
    with pytest.raises(InvalidHeaderError, match="The header 'tenant' cannot be sent: this send joins a running"):
        await app.mediator.send(Do())
    await app.assert_nothing_stored()


async def test_a_middleware_may_refuse_before_there_is_a_transaction(app: App) -> None:
    async def refuse(context: SendContext, call_next: CallNext) -> Any:
        raise PermissionError

    seen = Seen(app)
    app.options["middleware"] = [seen, refuse]
    with pytest.raises(PermissionError):
        await app.run(adds_a_note)
    assert seen.sends[0].message_context is None
    await app.assert_nothing_stored()


async def test_an_error_that_a_middleware_catches_has_been_rolled_back(app: App) -> None:
    async def answers(context: SendContext, call_next: CallNext) -> Any:
        with suppress(ZeroDivisionError):
            return await call_next()
        return await app.notes()

    async def fails(unit: UnitOfWork) -> object:
        await adds_a_note(unit)
        await unit.session.flush()
        return 1 // 0

    app.options["middleware"] = [answers]
    assert await app.run(fails) == []
    await app.assert_nothing_stored()


async def test_an_error_of_a_joined_send_that_a_middleware_catches_rolls_everything_back(app: App) -> None:
    async def answers(context: SendContext, call_next: CallNext) -> Any:
        with suppress(ZeroDivisionError):
            return await call_next()
        return None

    async def outer(unit: UnitOfWork) -> object:
        unit.session.add(Note(text="outer"))
        return await app.mediator.send(Inner())

    async def fails(unit: UnitOfWork) -> object:
        return 1 // 0

    app.options["middleware"] = [answers]
    app.bodies |= {Do: outer, Inner: fails}
    with pytest.raises(RollbackOnlyError):
        await app.mediator.send(Do())
    await app.assert_nothing_stored()


async def test_around_handlers_it_runs_inside_the_transaction_for_each_in_order(app: App) -> None:
    seen: list[object] = []

    async def notes(context: HandlerContext, call_next: CallNext) -> Any:
        answer = await call_next()
        seen.append((context.path, context.name, len(context.recorded)))
        context.unit_of_work.session.add(Note(text=context.name))
        return answer

    @app.registry.event_handler
    async def hears(event: Happened) -> None: ...

    app.options["handler_middleware"] = [notes]
    await app.run(adds_a_note)
    assert seen == [(("Do",), "App._do", 1), (("Do", "Happened"), "hears", 0)]
    assert await app.notes() == ["command", "App._do", "hears"]


@pytest.mark.parametrize("place", ["App._do", "hears"])
async def test_its_error_is_the_handlers_failure(app: App, place: str) -> None:
    async def refuse(context: HandlerContext, call_next: CallNext) -> Any:
        await call_next()
        if context.name == place:
            raise PermissionError

    @app.registry.event_handler
    async def hears(event: Happened) -> None: ...

    app.options["handler_middleware"] = [refuse]
    with pytest.raises(PermissionError) as raised:
        await app.run(adds_a_note)
    assert place in raised.value.__notes__[0]
    await app.assert_nothing_stored()


@pytest.mark.parametrize("argument", ["middleware", "handler_middleware"])
async def test_what_is_no_middleware_is_refused_at_construction(app: App, argument: str) -> None:
    app.options[argument] = [print]
    with pytest.raises(InvalidArgumentError) as raised:
        _ = app.mediator
    assert raised.value.argument == argument
