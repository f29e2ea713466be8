"""What verify() sees of factories, fallbacks and other containers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import pytest
from lagom import Container, ExplicitContainer, Singleton
from sqlalchemy.ext.asyncio import AsyncSession

from uow_events import Blueprint, DomainEvent, EventHandler, Fault, Mediator, Registry, Resolver, WiringError
from uow_events.container import LagomResolver, resolver_of
from uow_events.errors import UnresolvableDependencyError
from uow_events.mediator.verification import UNIT_TYPES, verify
from uow_events.messages import FallbackHandler, HandlerOptions
from uow_events.signatures import Parameter

T = TypeVar("T")


class Joined(DomainEvent): ...


class Clock(Protocol):
    def now(self) -> int: ...


class Repository:
    def __init__(self, session: AsyncSession) -> None: ...


class Service:
    def __init__(self, repository: Repository, clocks: list[Clock]) -> None: ...


class Plain:
    def __init__(self, clock: Clock | None) -> None: ...


async def serve(event: Joined, service: Service) -> None: ...


async def instead(event: Joined, plain: Plain) -> None: ...


async def hear(event: Joined) -> None: ...


class Instead(EventHandler[Joined]):
    def __init__(self, plain: Plain) -> None: ...

    async def handle(self, event: Joined) -> None: ...


def builds() -> Iterator[Service]:
    yield Service(Repository(AsyncSession()), [])


async def builds_later() -> Service:
    return Service(Repository(AsyncSession()), [])


ROOT = Container()
UNBOUND = "it is abstract, and no implementation is bound to it; bind one to it in the container"
NOT_MADE_UP = "nothing is bound to it; bind it in the container, or ask for a class"
KEEPS = "would keep the first unit of work's for ever; bind it without Singleton, or list it in Mediator(scoped=[...])"


def faults(registry: Registry, resolver: Resolver) -> list[str]:
    try:
        verify(registry, resolver, (AsyncSession, *UNIT_TYPES))
    except WiringError as error:
        return [str(fault) for fault in error.faults]
    return []


def faults_with(bound: Any) -> list[str]:
    registry, container = Registry(), Container()
    registry.event_handler(serve)
    container[Service] = bound
    return faults(registry, LagomResolver(container))


def test_a_singletons_factory_that_asks_for_what_holds_the_session_is_found() -> None:
    assert faults_with(Singleton(lambda c: Service(c[Repository], []))) == [
        f"serve -> Service -> Repository -> AsyncSession: the singleton Service {KEEPS}"
    ]
    assert faults_with(lambda c: Service(c[Repository], [])) == []


@pytest.mark.parametrize(
    ("bound", "fault"),
    [
        (Service, f"serve -> Service -> list[{__name__}.Clock]: {NOT_MADE_UP}"),
        (lambda c: Service(c[Repository], [c[Clock]]), f"serve -> Service -> Clock: {UNBOUND}"),
        (
            lambda: ROOT[Service],
            "serve -> Service: its factory uses a container that is not the unit's; take the container as the lambda's "
            "parameter",
        ),
        (
            builds,
            "serve -> Service: its factory is a generator, whose end would never run; return the object, and close it "
            "in a callback",
        ),
        (
            Singleton(builds_later),
            "serve -> Service: its factory is async, and would give a coroutine in its place; build it before, and "
            "bind the object",
        ),
    ],
)
def test_what_lagom_would_do_wrong_is_a_fault_with_its_path(bound: Any, fault: str) -> None:
    assert faults_with(bound) == [fault]


def test_an_unbound_optional_is_a_fault_and_never_none() -> None:
    registry = Registry()
    registry.event_handler(instead)
    assert faults(registry, LagomResolver()) == [f"instead -> Plain -> Clock: {UNBOUND}"]


def test_an_explicit_container_must_list_handlers_too() -> None:
    registry = Registry()
    registry.event_handler(serve)
    assert faults(registry, LagomResolver(ExplicitContainer())) == [
        "serve -> Service: an ExplicitContainer has no definition of it; add one"
    ]


@pytest.mark.parametrize("fallback", [instead, Instead])
def test_what_a_fallback_needs_is_checked_too(fallback: Any) -> None:
    registry = Registry()
    registry.event_map.register(hear, options=HandlerOptions(on_error=FallbackHandler(fallback)))
    assert faults(registry, LagomResolver()) == [f"{fallback.__name__} -> Plain -> Clock: {UNBOUND}"]


def test_the_session_asked_for_outside_of_any_unit_is_a_clear_error() -> None:
    with pytest.raises(UnresolvableDependencyError) as caught:
        LagomResolver().resolve(Repository)
    assert str(caught.value) == (
        "AsyncSession cannot be resolved: its constructor's annotations name 'AsyncEngine', which does not exist at "
        "run time; import it for real, or bind a factory to it"
    )


class Foreign:
    """A resolver that cannot be inspected."""

    def resolve(self, dependency: type[T]) -> T:
        return dependency()

    def child(self, instances: Mapping[type, object]) -> Resolver:
        return self


class Inspected(Foreign):
    fault = Fault("Inspected", "it is tired", "let it rest")
    scoped: Sequence[type] = ()

    def blueprint(self, dependency: Any) -> Blueprint:
        return Blueprint(fault=Fault("anything", "there is none", "make one"))

    def needs(self, parameters: Iterable[Parameter]) -> tuple[Any, ...]:
        return tuple(parameter.type for parameter in parameters)


async def with_mediator(event: Joined, plain: Plain, mediator: Mediator) -> None: ...


def test_a_resolver_that_cannot_be_inspected_is_left_to_its_first_use() -> None:
    registry = Registry()
    registry.event_handler(serve)
    assert faults(registry, resolver_of(Foreign(), (), {})) == []


def test_a_resolver_that_can_be_inspected_is() -> None:
    registry = Registry()
    registry.event_handler(with_mediator)
    assert faults(registry, resolver_of(Inspected(), (), {Mediator: object()})) == [
        "Inspected: it is tired; let it rest",
        "with_mediator -> Plain: there is none; make one",
    ]


def test_what_all_units_share_is_had_outside_of_them_too() -> None:
    order = Plain(None)
    resolver = resolver_of(Foreign(), (), {Plain: order})
    assert resolver.resolve(Plain) is order
    assert type(resolver.resolve(Joined)) is Joined
