"""G8 on the mediator: what is retried, what never is, and what is refused because it would be."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.conftest import App
from tests.integration.messages import Inner
from tests.models import Note
from uow_events import (
    Command,
    DirectPublishing,
    HandlerSignatureError,
    InMemoryBroker,
    MessageContext,
    NotRepeatableError,
    Query,
    Registry,
    RetryPolicy,
    TransactionOptions,
    UnitOfWork,
    WiringError,
)

AT_ONCE = timedelta(0)


class Conflict(Exception):
    pass


RETRIED = TransactionOptions(retry=RetryPolicy(on=Conflict, initial_wait=AT_ONCE, jitter=AT_ONCE))


@dataclass(frozen=True, slots=True)
class Charge(Command): ...


@dataclass(frozen=True, slots=True)
class Count(Query[int]): ...


class Attempts:
    """A body that fails the first time; keeps what each attempt saw."""

    def __init__(self) -> None:
        self.seen: list[MessageContext] = []

    async def __call__(self, unit: UnitOfWork) -> object:
        self.seen.append(unit.context)
        unit.session.add(Note(text=f"attempt {unit.context.attempt}"))
        if len(self.seen) == 1:
            raise Conflict
        return "done"


async def test_a_command_runs_again_as_its_mediator_says(app: App) -> None:
    app.options["transaction"] = RETRIED
    body = Attempts()
    assert await app.run(body) == "done"
    assert await app.notes() == ["attempt 2"]
    assert [context.attempt for context in body.seen] == [1, 2]
    assert len({context.message_id for context in body.seen}) == 1


async def test_a_joined_send_does_not_retry_by_itself_the_outer_command_does(app: App) -> None:
    app.options["transaction"] = RETRIED
    inner, ran = Attempts(), list[str]()
    app.bodies[Inner] = inner

    async def outer(unit: UnitOfWork) -> object:
        ran.append("outer")
        return await app.mediator.send(Inner())

    assert await app.run(outer) == "done"
    assert ran == ["outer", "outer"]


async def test_what_is_not_repeatable_is_not_retried_by_its_mediators_default(app: App) -> None:
    app.options["transaction"] = RETRIED
    ran: list[str] = []

    @app.registry.command_handler(repeatable=False)
    async def charge(command: Charge) -> None:
        ran.append("charged")
        raise Conflict

    with pytest.raises(Conflict):
        await app.mediator.send(Charge())
    assert ran == ["charged"]


@pytest.mark.parametrize("propagation", ["join", "nested", "requires_new"])
async def test_what_is_not_repeatable_is_refused_inside_of_what_may_run_again(app: App, propagation: Any) -> None:
    app.options["transaction"] = RETRIED
    ran: list[str] = []

    @app.registry.command_handler(repeatable=False)
    async def charge(command: Charge) -> None:
        ran.append("charged")

    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Charge(), propagation=propagation)

    with pytest.raises(NotRepeatableError) as caught:
        await app.run(outer)
    assert str(caught.value) == (
        "Charge is registered with repeatable=False, and Do, inside of which it was sent, would run it again with each "
        "retry: leave the retry out of that one's options, or send this one before or after it"
    )
    await app.mediator.send(Charge())
    assert ran == ["charged"]


async def test_the_retry_of_a_transaction_further_out_counts_as_well(app: App) -> None:
    app.registry.command_handler(charge_once, repeatable=False)
    app.options["transaction"] = RETRIED

    async def middle(unit: UnitOfWork) -> object:
        async with app.mediator.unit_of_work():
            return await app.mediator.send(Charge())

    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Inner(), propagation="requires_new")

    app.bodies[Inner] = middle
    with pytest.raises(NotRepeatableError):
        await app.run(outer)


async def test_what_is_not_repeatable_may_run_where_nothing_is_retried(app: App) -> None:
    app.registry.command_handler(charge_once, repeatable=False)

    async def outer(unit: UnitOfWork) -> object:
        return await app.mediator.send(Charge())

    await app.run(outer)
    assert await app.notes() == ["charged"]


async def test_after_the_commit_nothing_is_repeated_any_more(app: App) -> None:
    app.registry.command_handler(charge_once, repeatable=False)
    app.options["transaction"] = RETRIED

    async def outer(unit: UnitOfWork) -> object:
        unit.after_commit(lambda: app.mediator.send(Charge()))
        return None

    await app.run(outer)
    assert await app.notes() == ["charged"]


def test_a_retry_of_what_is_not_repeatable_is_refused_at_registration() -> None:
    with pytest.raises(HandlerSignatureError) as caught:
        Registry().command_handler(charge_once, repeatable=False, transaction=RETRIED)
    assert str(caught.value) == (
        "The handler charge_once cannot be registered: with repeatable=False it never runs twice, and its transaction "
        "asks for retries: leave out one of them"
    )


@pytest.mark.parametrize(
    ("register", "problem"),
    [
        (
            lambda registry: registry.command_handler(
                charge_once, idempotent=True, transaction=TransactionOptions(read_only=True)
            ),
            "charge_once cannot be registered: with idempotent=True its transaction stores keys, and its options say "
            "read_only: leave out one of them",
        ),
        (
            lambda registry: registry.query_handler(count, transaction=TransactionOptions(read_only=False)),
            "count cannot be registered: a query's transaction is read-only, and its options say otherwise: leave out "
            "read_only",
        ),
        (
            lambda registry: registry.command_handler(charge_once, transaction=RETRIED.retry),
            f"charge_once cannot be registered: its transaction must be TransactionOptions, and is {RETRIED.retry!r}",
        ),
        (
            lambda registry: registry.command_handler(charge_once, repeatable="never"),
            "charge_once cannot be registered: repeatable must be True or False, and is 'never'",
        ),
        (
            lambda registry: registry.command_handler(charge_once, idempotent=1),
            "charge_once cannot be registered: idempotent must be True or False, and is 1",
        ),
    ],
)
def test_options_that_contradict_the_registration_are_refused(register: Any, problem: str) -> None:
    with pytest.raises(HandlerSignatureError) as caught:
        register(Registry())
    assert str(caught.value) == f"The handler {problem}"


async def test_a_retry_with_direct_publishing_is_a_fault_of_the_wiring(app: App) -> None:
    app.options |= {"transaction": RETRIED, "notifications": DirectPublishing(InMemoryBroker())}
    with pytest.raises(WiringError) as caught:
        app.mediator.verify()
    assert [fault.problem for fault in caught.value.faults] == [
        "it would be retried, and DirectPublishing would publish what a failed attempt recorded"
    ] * 2
    assert {fault.remedy for fault in caught.value.faults} == {"use Outbox(), or leave out the retry"}


async def count(query: Count) -> int:
    return 0


async def charge_once(command: Charge, unit: UnitOfWork) -> None:
    unit.session.add(Note(text="charged"))
