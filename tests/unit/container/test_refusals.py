"""What the container cannot build is an error that names it and the way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from lagom import Container, ExplicitContainer
from lagom.context_based import ContextContainer

from tests.unit.container.graph import (
    ABSTRACT,
    A,
    Clock,
    Mailer,
    Order,
    Orders,
    Repository,
    Service,
    Session,
    T,
    unit,
)
from uow_events.container import LagomResolver
from uow_events.errors import Fault, UnresolvableDependencyError
from uow_events.resolver import Blueprint

if TYPE_CHECKING:
    from decimal import Decimal


class Raises:
    def __init__(self) -> None:
        raise TypeError("mine")


class NeedsRaises:
    def __init__(self, raises: Raises) -> None: ...


def test_a_constructors_own_type_error_passes() -> None:
    with pytest.raises(TypeError, match="^mine$"):
        unit().resolve(NeedsRaises)


class Hidden:
    def __init__(self, price: Decimal) -> None: ...


class DefaultsHidden:
    def __init__(self, hidden: Hidden | None = None) -> None:
        self.hidden = hidden


class Unannotated:
    def __init__(self, price) -> None:  # type: ignore[no-untyped-def]
        ...


class DefaultsUnannotated:
    def __init__(self, plain=1, foreign: Unannotated | None = None, clock: Clock | None = None) -> None:  # type: ignore[no-untyped-def]
        self.given = plain, foreign, clock


BIND = "nothing is bound to it"
COLLECTION = f"it is a plain value or a collection, and {BIND}; wrap it in a class of its own"
REFUSED = [
    (list[Order], "list[tests.unit.container.graph.Order]", f"{BIND}; bind it in the container, or ask for a class"),
    (Sequence[Order] | None, None, f"{BIND}; bind it in the container, or ask for a class"),
    (Callable[[], Order], None, f"{BIND}; bind it in the container, or ask for a class"),
    (T, "~T", f"{BIND}; bind it in the container, or ask for a class"),
    (str, "str", COLLECTION),
    (int | None, "int | None", COLLECTION),
    (Any, "Any", COLLECTION),
    (Clock, "Clock", ABSTRACT),
    (Clock | None, "tests.unit.container.graph.Clock | None", ABSTRACT),
    (Mailer, "Mailer", ABSTRACT),
    (
        Hidden,
        "Hidden",
        "its constructor's annotations name 'Decimal', which does not exist at run time; import it for real, or bind a "
        "factory to it",
    ),
    (
        Unannotated,
        "Unannotated",
        "its constructor's parameter 'price' has no annotation; add one, or bind a factory to it",
    ),
    (A, "A", "these constructors need each other in a circle; bind a factory to one of them"),
]


@pytest.mark.parametrize(("kind", "name", "problem"), REFUSED)
def test_what_cannot_be_built_is_an_error_with_its_remedy(kind: Any, name: str | None, problem: str) -> None:
    with pytest.raises(UnresolvableDependencyError) as caught:
        unit().resolve(kind)
    assert str(caught.value) == f"{name or kind} cannot be resolved: {problem}"


@pytest.mark.parametrize(("kind", "name", "problem"), REFUSED[:-1])
def test_what_cannot_be_built_is_found_without_building_it(kind: Any, name: str | None, problem: str) -> None:
    blueprint = LagomResolver().blueprint(kind)
    assert str(blueprint.fault) == f"{name or kind}: {problem}"
    assert (blueprint.needs, blueprint.is_singleton) == ((), False)


@pytest.mark.parametrize("constructor", [max, partial(print)])
def test_a_constructor_without_a_signature_is_refused(constructor: Any) -> None:
    fault = Fault("Opaque", "its constructor has no readable signature", "bind a factory to it")
    assert LagomResolver().blueprint(type("Opaque", (), {"__init__": constructor})) == Blueprint(fault=fault)


def test_a_default_never_stands_in_for_what_exists_but_cannot_be_built() -> None:
    with pytest.raises(UnresolvableDependencyError, match="name 'Decimal', which does not exist at run time"):
        unit().resolve(DefaultsHidden)
    assert LagomResolver().blueprint(DefaultsHidden).needs == (Hidden | None,)


def test_a_default_stands_in_for_what_the_container_knows_nothing_of() -> None:
    assert unit().resolve(DefaultsUnannotated).given == (1, None, None)
    assert LagomResolver().blueprint(DefaultsUnannotated) == Blueprint()


def test_an_explicit_container_builds_only_what_it_lists() -> None:
    container = ExplicitContainer()
    container[Orders] = lambda c: Orders(Repository(c[Session]))
    session = Session()
    assert unit(container, session).resolve(Orders).orders.session is session
    with pytest.raises(UnresolvableDependencyError) as caught:
        unit(container).resolve(Service)
    assert str(caught.value) == "Service cannot be resolved: an ExplicitContainer has no definition of it; add one"
    assert str(LagomResolver(container).blueprint(Service).fault) == (
        "Service: an ExplicitContainer has no definition of it; add one"
    )


def test_a_context_container_is_refused() -> None:
    assert str(LagomResolver(ContextContainer(Container(), [])).fault) == (
        "ContextContainer: its contexts would end at no commit; use a plain lagom.Container"
    )
    assert LagomResolver().fault is None
