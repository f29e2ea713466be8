"""Mediator.consume: one message, one transaction, once per consumer."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm.exc import StaleDataError

from tests.integration.consuming.service import Placed, Service, Write
from uow_events import (
    DomainEvent,
    InvalidArgumentError,
    NotAMessageError,
    RetryPolicy,
    TransactionOptions,
    UnhandledEventError,
    UnsupportedBindError,
)

ID = UUID("00000000-0000-0000-0000-00000000000e")


@pytest.fixture(params=[1, 4], ids=["one handler at a time", "four at once"])
def service(engine: AsyncEngine, request: pytest.FixtureRequest) -> Service:
    return Service(engine, max_concurrent_event_handlers=request.param)


async def test_an_event_goes_to_its_handlers_and_not_back_to_the_channel(service: Service) -> None:
    headers = {"correlationid": "request-7", "causationid": "command-3", "tenant": "a"}
    assert await service.mediator.consume(Placed("7"), consumer="notes", message_id=ID, headers=headers)
    assert await service.notes() == ["7"]
    (context,) = service.contexts
    assert (context.message_id, context.correlation_id, context.causation_id) == (ID, "request-7", "command-3")
    ((kind, noted),) = await service.rows("type, headers", "outbox")
    assert (kind, noted["correlationid"], noted["causationid"], noted["tenant"]) == ("Noted", "request-7", str(ID), "a")


async def test_a_command_made_of_an_event_is_caused_by_it(service: Service) -> None:
    headers = {"correlationid": "request-7", "causationid": "command-3"}
    assert await service.mediator.consume(Write("7"), consumer="notes", message_id=ID, headers=headers)
    (context,) = service.contexts
    assert (context.correlation_id, context.causation_id) == ("request-7", str(ID))
    assert context.message_id != ID
    ((noted,),) = await service.rows("headers", "outbox")
    assert (noted["correlationid"], noted["causationid"]) == ("request-7", str(context.message_id))


@pytest.mark.parametrize("message", [Placed("7"), Write("7")])
async def test_a_message_that_is_delivered_again_does_nothing(service: Service, message: Placed | Write) -> None:
    consume = service.mediator.consume
    assert await consume(message, consumer="notes", message_id=ID) is True
    assert await consume(message, consumer="notes", message_id=str(ID)) is False
    assert await service.notes() == ["7"]
    assert len(service.contexts) == 1


async def test_two_consumers_and_two_sources_each_have_messages_of_their_own(service: Service) -> None:
    consume = service.mediator.consume
    assert await consume(Placed("1"), consumer="a", message_id="1", source="shop")
    assert await consume(Placed("2"), consumer="b", message_id="1", source="shop")
    assert await consume(Placed("3"), consumer="a", message_id="1", source="other shop")
    assert not await consume(Placed("4"), consumer="a", message_id="1", source="shop")
    assert await service.notes() == ["1", "2", "3"]
    assert len({context.message_id for context in service.contexts}) == 2


async def test_what_fails_is_not_consumed(service: Service) -> None:
    async def fail() -> None:
        raise LookupError("no such order")

    service.effect = fail
    with pytest.raises(LookupError):
        await service.mediator.consume(Placed("7"), consumer="notes", message_id=ID)
    assert await service.rows("*", "consumed_messages") == []
    service.effect = lambda: asyncio.sleep(0)
    assert await service.mediator.consume(Placed("7"), consumer="notes", message_id=ID)
    assert await service.notes() == ["7"]


async def test_a_message_delivered_twice_at_once_takes_effect_once(service: Service) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        inside.set()
        await go_on.wait()

    service.effect = wait
    async with asyncio.TaskGroup() as group:
        first = group.create_task(service.mediator.consume(Placed("7"), consumer="notes", message_id=ID))
        await inside.wait()
        second = group.create_task(service.mediator.consume(Placed("7"), consumer="notes", message_id=ID))
        go_on.set()
    assert (first.result(), second.result()) == (True, False)
    assert await service.notes() == ["7"]


@pytest.mark.parametrize("message", [Placed("7"), Write("7")])
async def test_a_conflict_is_tried_again_as_one_message(engine: AsyncEngine, message: Placed | Write) -> None:
    service = Service(engine, transaction=TransactionOptions(retry=RetryPolicy(attempts=2)))

    async def conflict() -> None:
        if len(service.contexts) == 1:
            raise StaleDataError

    service.effect = conflict
    assert await service.mediator.consume(message, consumer="notes", message_id=ID)
    assert await service.notes() == ["7"]
    assert [context.attempt for context in service.contexts] == [1, 2]
    assert len({context.message_id for context in service.contexts}) == 1


async def test_consuming_needs_postgresql() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    with pytest.raises(UnsupportedBindError, match="consuming needs PostgreSQL and asyncpg"):
        await Service(engine).mediator.consume(Placed("7"), consumer="notes", message_id=ID)
    await engine.dispose()


async def test_a_claim_that_the_database_refuses_is_an_error_of_the_database(engine: AsyncEngine) -> None:
    service = Service(engine, transaction=TransactionOptions(read_only=True))
    with pytest.raises(DBAPIError, match="read-only transaction"):
        await service.mediator.consume(Placed("7"), consumer="notes", message_id=ID)


async def test_an_event_that_nothing_handles_is_an_error(service: Service) -> None:
    class Unheard(DomainEvent): ...

    with pytest.raises(UnhandledEventError):
        await service.mediator.consume(Unheard(), consumer="notes", message_id=ID)


async def test_only_events_and_commands_are_consumed(service: Service) -> None:
    with pytest.raises(NotAMessageError):
        await service.mediator.consume("text", consumer="notes", message_id=ID)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="message_id must be a text of 1 to 255 characters: it must have"):
        await service.mediator.consume(Placed("7"), consumer="notes", message_id="x" * 256)
