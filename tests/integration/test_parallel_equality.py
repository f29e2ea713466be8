"""Whatever the tree of events: concurrent handling stores what sequential handling does, in the same outbox order."""

import asyncio
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tests.models import Note
from uow_events import Command, DomainEvent, Mediator, NotificationEvent, Outbox, Recorder, Registry


@dataclass(frozen=True)
class Node:
    """What one event brings: who handles it, how long that takes, what it causes, and whether it fails."""

    kind: str
    pauses: int
    fails: bool
    children: tuple["Node", ...]


@dataclass(frozen=True)
class Grow(Command):
    root: Node


@dataclass(frozen=True)
class Plant(Command):
    path: str


@dataclass(frozen=True)
class Grown(DomainEvent):
    path: str
    node: Node


class Holding(Grown): ...


class Calling(Grown): ...


class Sending(Grown): ...


@dataclass(frozen=True)
class Told(NotificationEvent, topic="tests.told", key="path"):
    path: str


KINDS = {"holding": Holding, "calling": Calling, "sending": Sending}
registry = Registry()
mediators: list[Mediator] = []


def nodes(children: st.SearchStrategy[tuple[Node, ...]]) -> st.SearchStrategy[Node]:
    fails = st.integers(0, 40).map(lambda number: number == 40)
    return st.builds(Node, st.sampled_from(sorted(KINDS)), st.integers(0, 3), fails, children)


TREES = st.recursive(nodes(st.just(())), lambda inner: nodes(st.lists(inner, max_size=3).map(tuple)), max_leaves=12)


def event_of(path: str, node: Node) -> Grown:
    return KINDS[node.kind](path, node)


async def go_on(event: Grown, recorder: Recorder) -> None:
    for number, child in enumerate(event.node.children):
        below = event_of(f"{event.path}.{number}", child)
        if number % 2:
            recorder.record(below)
        else:
            recorder.record(lambda below=below: below)  # type: ignore[misc]
        for _ in range(event.node.pauses):
            await asyncio.sleep(0)
    recorder.record(Told(event.path))
    if event.node.fails:
        raise ValueError(event.path)


@registry.command_handler
async def grow(command: Grow, recorder: Recorder) -> None:
    recorder.record(event_of("0", command.root), Told("root"))


@registry.command_handler
async def plant(command: Plant, session: AsyncSession, recorder: Recorder) -> None:
    session.add(Note(text=command.path))
    recorder.record(Told(f"planted {command.path}"))


@registry.event_handler
async def holds(event: Holding, session: AsyncSession, recorder: Recorder) -> None:
    session.add(Note(text=event.path))
    if event.node.pauses:
        await session.flush()
    await go_on(event, recorder)


@registry.event_handler
async def calls(event: Calling, recorder: Recorder) -> None:
    await go_on(event, recorder)


@registry.event_handler
async def sends(event: Sending, recorder: Recorder) -> None:
    await mediators[-1].send(Plant(event.path))
    await go_on(event, recorder)


@registry.event_handler
async def tells(event: Grown, recorder: Recorder) -> None:
    recorder.record(Told(f"{event.path} too"))


async def stored(engine: AsyncEngine, root: Node, limit: int) -> tuple[list[str], list[str]]:
    mediators.append(Mediator(engine, registry, notifications=Outbox(), max_concurrent_event_handlers=limit))
    try:
        await mediators[-1].send(Grow(root))
    except ValueError as error:
        assert "failed; everything was rolled back" in error.__notes__[-1]
    finally:
        mediators.pop()
    async with engine.begin() as connection:
        notes = list(await connection.scalars(text("DELETE FROM note RETURNING text")))
        told = list(await connection.scalars(text("SELECT key FROM uow_events.outbox ORDER BY id")))
        await connection.execute(text("DELETE FROM uow_events.outbox"))
    return sorted(notes), told


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(root=TREES, limit=st.integers(2, 5))
async def test_concurrent_and_sequential_handling_store_the_same(engine: AsyncEngine, root: Node, limit: int) -> None:
    assert await stored(engine, root, limit) == await stored(engine, root, 1)
