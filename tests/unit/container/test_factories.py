"""What is read from a factory's code: exact, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from lagom import Container, Singleton
from lagom.definitions import ConstructionWithoutContainer

from tests.unit.container import graph
from tests.unit.container.graph import FakeClock, Order, Orders, Repository, Service, Session, unit
from uow_events.container import LagomResolver
from uow_events.container.factories import asked_of_container, captured_by
from uow_events.errors import UnresolvableDependencyError
from uow_events.resolver import Blueprint

OF_MODULE = FakeClock()


def test_a_function_captures_what_it_uses_around_it() -> None:
    nested = Order()
    lambda: later

    def uses() -> Any:
        return nested, OF_MODULE, nested.OF_MODULE, graph.ABSTRACT, later  # type: ignore[attr-defined]

    assert set(captured_by(uses)) == {nested, OF_MODULE, graph, graph.ABSTRACT}
    later = 3


def test_a_name_that_is_only_an_attribute_is_not_captured() -> None:
    assert list(captured_by(lambda settings: settings.OF_MODULE)) == []  # type: ignore[arg-type]


def branching(c: Any) -> Any:
    return c[Order] if OF_MODULE else c[Orders]


def catching(c: Any) -> Any:
    try:
        return c[Order]
    except LookupError:
        return c[Orders]


def rebinding(c: Any) -> Any:
    c = {Order: Order()}
    return c[Order]


def naming(c: Any) -> Any:
    Order = graph.Orders
    return c[Order]


@pytest.mark.parametrize(
    ("factory", "asked"),
    [
        (lambda c: Service(c[Orders]), (Orders,)),
        (lambda c: Service(orders=c[graph.Orders]), (Orders,)),
        (lambda c: c.resolve(Orders), (Orders,)),
        (lambda c: (c.resolve(Orders), c[Order], c[Session]), (Orders, Order, Session)),
        (lambda c: Orders(c[Repository[Order]]), (Repository[Order],)),
        (lambda c: Orders(Repository(c[Session])), (Session,)),
        (lambda c: c[Order[Session]], ()),  # type: ignore[type-arg]
        (lambda c: c[c[Order]], (Order,)),
        (lambda c: c[Nowhere], ()),  # type: ignore[name-defined]  # noqa: F821
        (lambda c: c["a name"], ()),
        (lambda c: c.other(Order), ()),
        (lambda c: Service(OF_MODULE[Order]), ()),  # type: ignore[index]
        (lambda c: lambda: c[Order], ()),
        (lambda c, d: c[Order], ()),
        (lambda: Order(), ()),
        (branching, ()),
        (catching, ()),
        (rebinding, ()),
        (naming, ()),
        (FakeClock(), ()),
        (None, ()),
    ],
)
def test_a_factorys_questions_are_read_where_it_asks_them_for_certain(factory: Any, asked: tuple[Any, ...]) -> None:
    assert asked_of_container(factory) == asked


def closing(kind: type) -> Callable[[Any], Any]:
    return lambda c: c[kind]


def test_a_type_around_the_factory_is_read_too() -> None:
    assert asked_of_container(closing(Order)) == (Order,)


def test_a_factory_that_also_hands_its_container_on_is_read() -> None:
    assert asked_of_container(lambda c: (c[Order], lambda: c[Orders])) == (Order,)


@pytest.mark.parametrize("singleton", [False, True])
def test_a_blueprint_tells_what_a_factory_asks_for(singleton: bool) -> None:
    container = Container()

    def build(c: Any) -> Service:
        return Service(c[Orders])

    container[Service] = Singleton(build) if singleton else build
    assert LagomResolver(container).blueprint(Service) == Blueprint((Orders,), singleton, is_opaque=True)


async def later() -> Order:
    return Order()


class AsyncFactory:
    async def __call__(self) -> Order:
        return Order()


@pytest.mark.parametrize("factory", [lambda c: later(), lambda: later(), ConstructionWithoutContainer(AsyncFactory())])
def test_a_coroutine_is_never_handed_out_for_the_object(factory: Any) -> None:
    container = Container()
    container[Order] = factory
    with pytest.raises(UnresolvableDependencyError) as caught:
        unit(container).resolve(Order)
    assert str(caught.value) == (
        "Order cannot be resolved: its factory is async, and would give a coroutine in its place; build it before, and "
        "bind the object"
    )


def test_a_bound_sequence_is_given_and_not_made_up() -> None:
    container = Container()
    container[Sequence[Order]] = lambda: [Order()]  # type: ignore[type-abstract]
    assert len(unit(container).resolve(Sequence[Order])) == 1  # type: ignore[type-abstract]
