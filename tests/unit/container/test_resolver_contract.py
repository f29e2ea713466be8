"""What every Resolver owes, whichever container it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import pytest
from dishka import Provider, Scope, make_container
from lagom import Container, Singleton

from tests.unit.container.graph import (
    A,
    Clock,
    FakeClock,
    Mailer,
    Order,
    Orders,
    Repository,
    Service,
    Session,
    Smtp,
)
from uow_events.container import LagomResolver
from uow_events.errors import UnresolvableDependencyError
from uow_events.integrations.dishka import DishkaResolver
from uow_events.resolver import Resolver


class Kit(Protocol):
    """A container to fill in one way, whatever its own."""

    def bind(self, kind: Any, implementation: Any, *, once: bool = False) -> None: ...

    def resolver(self) -> Resolver: ...


class LagomKit:
    def __init__(self) -> None:
        self.container = Container()

    def bind(self, kind: Any, implementation: Any, *, once: bool = False) -> None:
        self.container[kind] = Singleton(implementation) if once else implementation

    def resolver(self) -> Resolver:
        return LagomResolver(self.container)


class DishkaKit:
    def __init__(self) -> None:
        self.provider = Provider()
        self.provider.from_context(provides=Session, scope=Scope.REQUEST)

    def bind(self, kind: Any, implementation: Any, *, once: bool = False) -> None:
        scope = Scope.APP if once else Scope.REQUEST
        self.provider.provide(implementation, provides=kind, scope=scope, cache=once)

    def resolver(self) -> Resolver:
        return DishkaResolver(make_container(self.provider))


@pytest.fixture(params=[LagomKit, DishkaKit])
def kit(request: pytest.FixtureRequest) -> Kit:
    made: Kit = request.param()
    return made


def test_a_graph_of_three_levels_gets_its_units_session(kit: Kit) -> None:
    resolver = kit.resolver()
    first, second = Session(), Session()
    children = [resolver.child({Session: session}) for session in (first, second)]
    assert [child.resolve(Service).orders.orders.session for child in children] == [first, second]


class SqlOrders(Repository[Order]): ...


def test_what_is_bound_gets_its_units_session_too(kit: Kit) -> None:
    kit.bind(Repository[Order], SqlOrders)
    session = Session()
    built = kit.resolver().child({Session: session}).resolve(Orders).orders
    assert (type(built), built.session) == (SqlOrders, session)


@dataclass(slots=True, kw_only=True)
class Keywords:
    session: Session
    size: int = 3


class Positional:
    def __init__(self, size: int = 3, session: Session | None = None, /) -> None:
        self.size, self.session = size, session


class Annotations:
    def __init__(self, session: Annotated[Session, "the unit's"]) -> None:
        self.session = session


@pytest.mark.parametrize("kind", [Keywords, Positional, Annotations, Repository[Order], Repository[Order] | None])
def test_every_way_to_ask_gets_the_units_session(kit: Kit, kind: Any) -> None:
    session = Session()
    assert kit.resolver().child({Session: session}).resolve(kind).session is session


class Needs:
    def __init__(self, clock: Clock | None, mailer: Mailer, size: int = 3, name: str | None = None) -> None:
        self.given = type(clock), type(mailer), size, name


def test_what_is_bound_serves_abstract_types_and_optionals_and_plain_defaults_stay(kit: Kit) -> None:
    kit.bind(Clock, FakeClock)
    kit.bind(Mailer, Smtp)
    assert kit.resolver().child({}).resolve(Needs).given == (FakeClock, Smtp, 3, None)


def test_what_is_bound_once_is_one_for_all_units_and_outside_of_them(kit: Kit) -> None:
    kit.bind(FakeClock, FakeClock, once=True)
    resolver = kit.resolver()
    first, second = resolver.child({}), resolver.child({})
    assert first.resolve(FakeClock) is second.resolve(FakeClock) is resolver.resolve(FakeClock)


def test_a_class_that_nobody_bound_is_built_anew_each_time(kit: Kit) -> None:
    child = kit.resolver().child({Session: Session()})
    assert child.resolve(Service) is not child.resolve(Service)


def test_outside_of_any_unit_types_are_built_too(kit: Kit) -> None:
    assert isinstance(kit.resolver().resolve(FakeClock), FakeClock)


def test_a_child_of_a_unit_adds_to_it(kit: Kit) -> None:
    session, order = Session(), Order()
    child = kit.resolver().child({Session: session}).child({Order: order})
    assert (child.resolve(Session), child.resolve(Order)) == (session, order)


class Raises:
    def __init__(self) -> None:
        raise TypeError("mine")


class NeedsRaises:
    def __init__(self, raises: Raises) -> None: ...


@pytest.mark.parametrize("is_bound", [False, True])
def test_a_constructors_own_type_error_passes(kit: Kit, is_bound: bool) -> None:
    if is_bound:
        kit.bind(Raises, Raises)
    with pytest.raises(TypeError, match="^mine$"):
        kit.resolver().child({}).resolve(NeedsRaises)


BIND = "nothing is bound to it"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (list[Order], f"list[tests.unit.container.graph.Order] cannot be resolved: {BIND}; "),
        (Sequence[Order], f"{Sequence[Order]} cannot be resolved: {BIND}; "),
        (str, f"str cannot be resolved: it is a plain value or a collection, and {BIND}; "),
        (Clock, "Clock cannot be resolved: it is abstract, and no implementation is bound to it; "),
        (Clock | None, "tests.unit.container.graph.Clock | None cannot be resolved: it is abstract, and no "),
        (A, "A cannot be resolved: these constructors need each other in a circle; "),
    ],
)
def test_what_cannot_be_built_is_an_error_with_its_remedy(kit: Kit, kind: Any, text: str) -> None:
    with pytest.raises(UnresolvableDependencyError) as caught:
        kit.resolver().child({}).resolve(kind)
    assert str(caught.value).startswith(text)


class DefaultsClock:
    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock


class DefaultsNeeds:
    def __init__(self, needs: Needs | None = None) -> None:
        self.needs = needs


def test_a_default_stands_in_for_what_nothing_is_known_of_and_for_nothing_else(kit: Kit) -> None:
    child = kit.resolver().child({})
    assert child.resolve(DefaultsClock).clock is None
    with pytest.raises(UnresolvableDependencyError, match="Clock"):
        child.resolve(DefaultsNeeds)
