"""Trap 13: no unit's object outlives its unit; factories that would go wrong are seen before they run."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lagom import Container, Singleton
from lagom.definitions import (
    AsyncConstructionWithContainer,
    ConstructionWithoutContainer,
    YieldWithContainer,
)

from tests.unit.container import test_lifetimes
from tests.unit.container.graph import (
    ABSTRACT,
    A,
    B,
    Clock,
    FakeClock,
    Mailer,
    Order,
    Orders,
    Repository,
    Service,
    Session,
    Smtp,
    unit,
)
from uow_events.container import LagomResolver
from uow_events.errors import CaptiveDependencyError, UnresolvableDependencyError
from uow_events.resolver import Blueprint


class Indirect:
    def __init__(self, service: Service) -> None: ...


class Keeper:
    def __init__(self, session: Session | None = None) -> None:
        self.session = session


@pytest.mark.parametrize(
    ("kind", "bound", "asked"),
    [
        (Orders, Singleton(Orders), Session),
        (Indirect, Singleton(Indirect), Session),
        (Keeper, Singleton(Keeper), Session),
        (Service, Singleton(lambda c: Service(c[Orders])), Session),
        (Mailer, Singleton(lambda c: c[Session]), Session),
        (Repository[Order], Singleton(Repository), Session),
    ],
)
def test_a_singleton_never_gets_a_units_object(kind: Any, bound: Any, asked: type) -> None:
    container = Container()
    container[kind] = bound
    for _ in range(2):
        with pytest.raises(CaptiveDependencyError) as caught:
            unit(container).resolve(kind)
        assert (caught.value.dependency, caught.value.singleton) == (asked, kind)


def test_a_singleton_never_gets_a_scoped_object() -> None:
    container = Container()
    container[Keeper] = Singleton(lambda c: c[Order])
    with pytest.raises(CaptiveDependencyError) as caught:
        unit(container, scoped=[Order]).resolve(Keeper)
    assert caught.value.dependency is Order


def test_a_singleton_within_a_singleton_is_the_one_named() -> None:
    container = Container()
    container[Orders] = Singleton(Orders)
    container[Service] = Singleton(Service)
    with pytest.raises(CaptiveDependencyError) as caught:
        unit(container).resolve(Service)
    assert caught.value.singleton is Orders


def test_a_container_kept_by_a_singleton_gives_no_units_object() -> None:
    container = Container()
    container[list] = Singleton(lambda c: [c])
    (kept,) = unit(container).resolve(list)
    with pytest.raises(CaptiveDependencyError, match="^A singleton asks for Session"):
        kept.resolve(Session)


def test_a_circle_of_factories_of_scoped_types_is_an_error_and_no_deadlock() -> None:
    container = Container()
    container[A] = lambda c: A(c[B])
    container[B] = lambda c: B(c[A])
    with pytest.raises(UnresolvableDependencyError, match="need each other in a circle"):
        unit(container, scoped=[A, B]).resolve(A)


async def builds_later() -> Order: ...  # type: ignore[empty-body]


def yields() -> Iterator[Order]:
    yield Order()


ROOT = Container()


class Factory:
    def __call__(self) -> Order:
        return Order()


IS_ASYNC = "its factory is async, and would give a coroutine in its place; build it before, and bind the object"
YIELDS = "its factory is a generator, whose end would never run; return the object, and close it in a callback"
CLOSES = "its factory uses a container that is not the unit's; take the container as the lambda's parameter"


def closing_over(container: Container) -> Callable[[], Order]:
    return lambda: container[Order]


@pytest.mark.parametrize(
    ("bound", "problem"),
    [
        (builds_later, IS_ASYNC),
        (Singleton(builds_later), IS_ASYNC),
        (AsyncConstructionWithContainer(lambda c: builds_later()), IS_ASYNC),
        (yields, YIELDS),
        (YieldWithContainer(lambda c: yields()), YIELDS),
        (closing_over(ROOT), CLOSES),
        (lambda: ROOT[Order], CLOSES),
        (lambda: test_lifetimes.ROOT[Order], CLOSES),
        (lambda: test_lifetimes.Order(), None),
        (Singleton(lambda: ROOT[Order]), CLOSES),
        (
            Repository[Order],
            "it is bound to a generic alias, which would be given itself; bind a factory, lambda c: c[...]",
        ),
        (lambda c: c.ROOT, None),
        (ConstructionWithoutContainer(Factory()), None),
        (Order(), None),
    ],
)
def test_what_a_factory_would_do_wrong_is_seen_before_it_runs(bound: Any, problem: str | None) -> None:
    container = Container()
    container[Order] = bound
    fault = LagomResolver(container).blueprint(Order).fault
    assert str(fault) == f"Order: {problem}" if problem else fault is None


def test_a_type_bound_as_an_awaitable_alone_is_reported() -> None:
    container = Container()
    container[typing.Awaitable[Order]] = builds_later  # type: ignore[type-abstract]
    assert str(LagomResolver(container).blueprint(Order).fault) == (
        "Order: it is bound as an Awaitable alone; await it before, and bind the object"
    )


def test_an_abstract_class_bound_to_itself_is_reported() -> None:
    container = Container()
    container[Mailer] = Mailer
    assert str(LagomResolver(container).blueprint(Mailer).fault) == f"Mailer: {ABSTRACT}"
    with pytest.raises(UnresolvableDependencyError, match="Mailer cannot be resolved: it is abstract"):
        unit(container).resolve(Mailer)


def test_a_blueprint_tells_what_a_type_needs() -> None:
    container = Container()
    container[Clock] = FakeClock
    container[Mailer] = Singleton(Smtp)
    container[Smtp] = Smtp
    resolver = LagomResolver(container, [Mailer])
    assert resolver.blueprint(Orders) == Blueprint((Repository[Order],))
    assert resolver.blueprint(Clock) == Blueprint((FakeClock,))
    assert resolver.blueprint(Smtp) == Blueprint()
    assert resolver.blueprint(Container) == Blueprint()
    assert resolver.blueprint(Mailer) == Blueprint()
    assert LagomResolver(container).blueprint(Mailer) == Blueprint(is_singleton=True)
