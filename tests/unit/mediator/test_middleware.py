"""What is put around sends and handlers: order, short cuts, refusals."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any, cast

import pytest

from uow_events import CallNext, InvalidArgumentError, InvalidHeaderError, MessageContext, MiddlewareError, SendContext
from uow_events.mediator.middleware import SendMiddleware, chain, check_middlewares, check_shared, headers_of

CONTEXT = SendContext("message", {})


async def answer() -> str:
    return "answer"


async def passing(context: SendContext, call_next: CallNext) -> Any:
    return await call_next()


def around(name: str, seen: list[str]) -> SendMiddleware:
    async def middleware(context: SendContext, call_next: CallNext) -> Any:
        seen.append(f"{name} {context.message}")
        response = await call_next()
        seen.append(f"{name} {response}")
        return f"{response} by {name}"

    return middleware


async def test_the_first_middleware_is_the_outermost() -> None:
    seen: list[str] = []
    response = await chain([around("first", seen), around("second", seen)], CONTEXT, answer)
    assert response == "answer by second by first"
    assert seen == ["first message", "second message", "second answer", "first answer by second"]


async def test_without_middleware_there_is_only_the_call() -> None:
    call = answer()
    assert chain([], CONTEXT, lambda: call) is call
    assert await call == "answer"


async def test_a_middleware_that_does_not_call_on_answers_by_itself() -> None:
    async def refuse(context: SendContext, call_next: CallNext) -> Any:
        return "refused"

    async def never() -> str:
        raise AssertionError

    assert await chain([passing, refuse], CONTEXT, never) == "refused"


async def test_an_exception_passes_through_as_it_is() -> None:
    error = KeyError("mine")

    async def fail() -> str:
        raise error

    with pytest.raises(KeyError) as raised:
        await chain([passing, passing], CONTEXT, fail)
    assert raised.value is error


@pytest.mark.parametrize("fails", [False, True], ids=["after an answer", "after an error"])
async def test_what_is_wrapped_runs_once(fails: bool) -> None:
    runs: list[int] = []

    async def run() -> None:
        runs.append(1)
        if fails:
            raise KeyError

    async def trying_again(context: SendContext, call_next: CallNext) -> Any:
        with suppress(KeyError):
            await call_next()
        return await call_next()

    with pytest.raises(MiddlewareError) as raised:
        await chain([passing, trying_again], CONTEXT, run)
    assert raised.value.middleware is trying_again
    assert str(raised.value) == (
        "The middleware trying_again called call_next() twice; what it wraps runs once at most. To run a command "
        "again after an error, give it a RetryPolicy"
    )
    assert runs == [1]


async def test_what_is_wrapped_runs_once_also_at_the_same_time() -> None:
    async def twice_at_once(context: SendContext, call_next: CallNext) -> Any:
        return await asyncio.gather(call_next(), call_next(), return_exceptions=True)

    first, second = await chain([twice_at_once], CONTEXT, answer)
    assert first == "answer"
    assert isinstance(second, MiddlewareError)


async def test_a_middleware_waits_for_what_it_wraps() -> None:
    ends, tasks = asyncio.Event(), list[asyncio.Task[Any]]()

    async def impatient(context: SendContext, call_next: CallNext) -> Any:
        tasks.append(asyncio.ensure_future(call_next()))
        await asyncio.sleep(0)

    with pytest.raises(MiddlewareError) as raised:
        await chain([impatient], CONTEXT, ends.wait)
    assert str(raised.value) == (
        "The middleware impatient answered while call_next() still ran; await it, or cancel it and await that; for a "
        "limit of time give the command a timeout"
    )
    ends.set()
    await tasks[0]


async def test_what_is_wrapped_does_not_run_after_the_middleware_has_ended() -> None:
    tasks = list[asyncio.Task[Any]]()

    async def leaves_it(context: SendContext, call_next: CallNext) -> Any:
        tasks.append(asyncio.ensure_future(call_next()))

    async def never() -> None:
        raise AssertionError

    await chain([leaves_it], CONTEXT, never)
    with pytest.raises(MiddlewareError) as raised:
        await tasks[0]
    assert str(raised.value) == (
        "The middleware leaves_it called call_next() after it had ended; await it, or cancel it and await that; for a "
        "limit of time give the command a timeout"
    )


async def test_the_chain_can_be_run_for_each_message() -> None:
    for _ in range(2):
        assert await chain([passing], CONTEXT, answer) == "answer"


class Passing:
    async def __call__(self, context: SendContext, call_next: CallNext) -> Any:
        return await call_next()

    async def method(self, context: SendContext, call_next: CallNext) -> Any:
        return await call_next()


async def with_more(prefix: str, context: SendContext, call_next: CallNext) -> Any:
    return await call_next()


def test_functions_methods_partials_and_objects_are_middleware() -> None:
    given = [passing, Passing(), Passing().method, partial(with_more, "a")]
    assert check_middlewares("middleware", given) == tuple(given)
    assert check_middlewares("middleware", ()) == ()


def not_async(context: SendContext, call_next: CallNext) -> Any:
    return call_next()


async def takes_one(context: SendContext) -> Any: ...


WANTED = "The argument middleware must be a sequence of async callables (context, call_next)"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([passing, not_async], "; not_async is not async"),
        ([Passing], "; the class Passing is not async"),
        ([takes_one], "; takes_one does not take these two"),
        ([5], "; a int is not callable"),
        (passing, ", and is passing"),
        (Passing(), ", and is a Passing"),
        (None, ", and is a NoneType"),
    ],
)
def test_anything_else_is_refused(given: object, problem: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        check_middlewares("middleware", given)
    assert str(raised.value) == WANTED + problem


def test_a_send_starts_out_with_its_own_headers_and_those_around_it() -> None:
    running = MessageContext(headers={"tenant": "a", "locale": "en"})
    assert headers_of(None) == {}
    assert headers_of({"tenant": "b"}) == {"tenant": "b"}
    assert headers_of(None, running) == {"tenant": "a", "locale": "en"}
    assert headers_of({"tenant": "b"}, running) == {"tenant": "b", "locale": "en"}
    with pytest.raises(InvalidArgumentError):
        headers_of(cast(Any, "tenant"))


@pytest.mark.parametrize(
    ("headers", "name"),
    [({"tenant": "b"}, "tenant"), ({"tenant": "a", "more": ""}, "more"), ({}, "tenant")],
    ids=["changed", "added", "removed"],
)
def test_a_joined_send_has_no_headers_of_its_own(headers: dict[str, str], name: str) -> None:
    running = MessageContext(headers={"tenant": "a"})
    check_shared(headers_of(None, running), running)
    with pytest.raises(InvalidHeaderError) as raised:
        check_shared(headers, running)
    assert str(raised.value) == (
        f"The header {name!r} cannot be sent: this send joins a running command, and shares the headers of that"
    )
