"""Ids and headers, from the caller through handlers and follow-ups into the outbox."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from tests.integration.conftest import App
from tests.integration.messages import Do, Inner, Told
from uow_events import DomainEvent, MessageContext, NotificationEvent, Recorder, UnitOfWork


@dataclass(frozen=True)
class First(DomainEvent, NotificationEvent, topic="tests.chain"):
    pass


@dataclass(frozen=True)
class Second(DomainEvent, NotificationEvent, topic="tests.chain"):
    pass


@dataclass(frozen=True)
class Third(NotificationEvent, topic="tests.chain"):
    pass


async def sent(app: App) -> list[dict[str, Any]]:
    async with app.engine.connect() as connection:
        return list(await connection.scalars(text("SELECT headers FROM uow_events.outbox ORDER BY id")))


async def test_each_notification_names_what_caused_it_down_from_the_message_outside(app: App) -> None:
    contexts: list[MessageContext] = []

    @app.registry.event_handler
    async def on_first(event: First, recorder: Recorder) -> None:
        recorder.record(Second())

    @app.registry.event_handler
    async def on_second(event: Second, recorder: Recorder, context: MessageContext) -> None:
        contexts.append(context)
        recorder.record(Third())

    async def body(unit: UnitOfWork) -> object:
        contexts.append(unit.context)
        unit.record(First())
        return None

    app.bodies[Do] = body
    consumed = {"correlationid": "request-7", "causationid": "event-3"}
    await app.mediator.send(Do(), headers=consumed)
    assert contexts[0] is contexts[1]
    assert contexts[0].causation_id == "event-3"
    first, second, third = await sent(app)
    assert third["causationid"] == second["id"]
    assert second["causationid"] == first["id"]
    assert first["causationid"] == str(contexts[0].message_id)
    assert {headers["correlationid"] for headers in (first, second, third)} == {"request-7"}


async def test_what_a_joined_command_records_was_caused_by_the_event_that_sent_it(app: App) -> None:
    @app.registry.event_handler
    async def on_first(event: First) -> None:
        await app.mediator.send(Inner())

    async def inner(unit: UnitOfWork) -> object:
        unit.record(Told("x"))
        return None

    async def body(unit: UnitOfWork) -> object:
        unit.record(First())
        return None

    app.bodies[Inner] = inner
    await app.run(body)
    first, told = await sent(app)
    assert told["causationid"] == first["id"]


async def test_a_command_with_a_transaction_of_its_own_was_caused_by_the_event_that_sent_it(app: App) -> None:
    contexts: list[MessageContext] = []

    @app.registry.event_handler
    async def on_first(event: First) -> None:
        await app.mediator.send(Inner(), propagation="requires_new")

    async def inner(unit: UnitOfWork) -> object:
        contexts.append(unit.context)
        return None

    async def body(unit: UnitOfWork) -> object:
        unit.record(First())
        return await app.mediator.send(Inner(), propagation="requires_new")

    app.bodies |= {Do: body, Inner: inner}
    await app.mediator.send(Do(), headers={"correlationid": "request-7"})
    (first,) = await sent(app)
    by_command, by_event = contexts
    assert by_event.causation_id == first["id"]
    assert by_command.causation_id == first["causationid"]  # the outer command's id, which caused the event, too
    assert {context.correlation_id for context in contexts} == {"request-7"}
    assert len({context.message_id for context in contexts}) == 2


async def test_the_senders_headers_are_in_every_row_and_never_replace_the_messages_own(app: App) -> None:
    async def body(unit: UnitOfWork) -> object:
        unit.record(Told("x"), Third())
        return None

    app.bodies[Do] = body
    await app.mediator.send(Do(), headers={"tenant": "t", "tracestate": "a=b", "authorization": "secret"})
    for headers in await sent(app):
        assert (headers["tenant"], headers["tracestate"]) == ("t", "a=b")
        assert headers["type"] in ("Told", "Third")
        assert "authorization" not in headers
