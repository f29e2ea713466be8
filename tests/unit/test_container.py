"""What the container builds, what it refuses with a remedy, and that no unit's object outlives its unit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Awaitable, Generic, Protocol, TypeVar

import attrs
import pytest
from lagom import Container, ExplicitContainer, Singleton
from lagom.context_based import ContextContainer
from lagom.definitions import (
    AsyncConstructionWithContainer,
    ConstructionWithoutContainer,
    YieldWithContainer,
)
from lagom.interfaces import ReadableContainer

from uow_events.container import LagomResolver
from uow_events.errors import CaptiveDependencyError, UnresolvableDependencyError
from uow_events.resolver import Blueprint, Resolver

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")


class Session:
    """A unit's object; by itself it could be built, as a second session nobody would commit."""


class Order: ...


class Repository(Generic[T]):
    def __init__(self, session: Session) -> None:
        self.session = session


class Orders:
    def __init__(self, orders: Repository[Order]) -> None:
        self.orders = orders


class Service:
    def __init__(self, orders: Orders) -> None:
        self.orders = orders


class Clock(Protocol):
    def now(self) -> int: ...


class FakeClock:
    def now(self) -> int:
        return 0


class Mailer(ABC):
    @abstractmethod
    def send(self) -> None: ...


class Smtp(Mailer):
    def send(self) -> None: ...


def unit(container: Container | None = None, session: Session | None = None, scoped: Sequence[type] = ()) -> Resolver:
    return LagomResolver(container, scoped).child({Session: session or Session()})


# --- what works


def test_a_graph_of_three_levels_gets_the_units_session() -> None:
    session = Session()
    assert unit(session=session).resolve(Service).orders.orders.session is session


def test_each_unit_has_its_own_session() -> None:
    resolver = LagomResolver()
    first, second = Session(), Session()
    children = [resolver.child({Session: session}) for session in (first, second)]
    assert [child.resolve(Service).orders.orders.session for child in children] == [first, second]


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


class Optionals:
    def __init__(self, session: Session | None) -> None:
        self.session = session


@attrs.define
class Attrs:
    session: Session


@pytest.mark.parametrize("kind", [Keywords, Positional, Annotations, Optionals, Attrs, Repository[Order]])
def test_every_way_to_ask_gets_the_units_session(kind: Any) -> None:
    session = Session()
    assert unit(session=session).resolve(kind).session is session


def test_a_plain_default_before_an_injected_positional_parameter_stays() -> None:
    assert unit().resolve(Positional).size == 3


def test_what_is_bound_at_the_root_serves_abstract_types_optionals_and_aliases() -> None:
    class Needs:
        def __init__(self, clock: Clock | None, mailer: Mailer, orders: Repository[Order] | None) -> None:
            self.clock, self.mailer, self.orders = clock, mailer, orders

    class SqlOrders(Repository[Order]): ...

    Needs.__init__.__annotations__ |= {"clock": Clock | None, "mailer": Mailer, "orders": Repository[Order] | None}
    container = Container()
    container[Clock] = FakeClock
    container[Mailer] = lambda c: c[Smtp]
    container[Repository[Order]] = SqlOrders
    built = unit(container).resolve(Needs)
    assert [type(built.clock), type(built.mailer), type(built.orders)] == [FakeClock, Smtp, SqlOrders]


def test_a_class_bound_to_itself_is_built() -> None:
    container = Container()
    container[Smtp] = Smtp
    assert isinstance(unit(container).resolve(Smtp), Smtp)


def test_a_factory_that_takes_the_container_gets_the_units() -> None:
    session, container = Session(), Container()
    container[Service] = lambda c: Service(c[Orders])
    assert unit(container, session).resolve(Service).orders.orders.session is session


def test_whoever_asks_for_the_container_gets_the_units() -> None:
    class Locator:
        def __init__(self, container: Container, readable: ReadableContainer) -> None:
            self.found = container.resolve(Session), readable.resolve(Session)

    session = Session()
    assert unit(session=session).resolve(Locator).found == (session, session)


def test_the_units_objects_come_before_the_roots() -> None:
    session, container = Session(), Container()
    container[Session] = Session
    child = unit(container, session)
    assert child.resolve(Session) is session
    assert child.resolve(Optionals).session is session


def test_a_bound_value_comes_before_a_default() -> None:
    class Files:
        def __init__(self, root: Path = Path("default"), name: str = "name") -> None:
            self.root, self.name = root, name

    container = Container()
    assert (unit(container).resolve(Files).root, unit(container).resolve(Files).name) == (Path("default"), "name")
    container[Path] = Path("bound")
    assert unit(container).resolve(Files).root == Path("bound")


def test_outside_of_any_unit_types_are_built_too() -> None:
    assert isinstance(LagomResolver().resolve(FakeClock), FakeClock)


def test_a_singleton_is_built_once_for_all_units() -> None:
    container = Container()
    container[FakeClock] = Singleton(FakeClock)
    container[Mailer] = Singleton(Smtp)
    resolver = LagomResolver(container)
    first, second = resolver.child({Session: Session()}), resolver.child({Session: Session()})
    assert first.resolve(FakeClock) is second.resolve(FakeClock) is resolver.resolve(FakeClock)
    assert first.resolve(Mailer) is second.resolve(Mailer)


@pytest.mark.parametrize("bound", [None, Singleton(Service)])
def test_a_scoped_type_is_built_once_per_unit(bound: Any) -> None:
    container = Container()
    if bound is not None:
        container[Service] = bound
    resolver = LagomResolver(container, [Service])
    first, second = resolver.child({Session: Session()}), resolver.child({Session: Session()})
    assert first.resolve(Service) is first.resolve(Service)
    assert first.resolve(Service) is not second.resolve(Service)


def test_a_child_of_a_unit_adds_to_it() -> None:
    session, order = Session(), Order()
    child = unit(session=session).child({Order: order})
    assert (child.resolve(Session), child.resolve(Order)) == (session, order)


def test_the_root_container_stays_as_it_was() -> None:
    container = Container()
    before = container.defined_types
    unit(container, scoped=[Order]).resolve(Service)
    assert container.defined_types == before


# --- what is refused


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


class A:
    def __init__(self, b: B) -> None: ...


class B:
    def __init__(self, a: A) -> None: ...


BIND = "nothing is bound to it"
COLLECTION = f"it is a plain value or a collection, and {BIND}: wrap it in a class of its own"
ABSTRACT = "it is abstract, and no implementation is bound to it: container[...] = implementation"
REFUSED = [
    (list[Order], "list[tests.unit.test_container.Order]", f"{BIND}: bind it in the container, or ask for a class"),
    (Sequence[Order] | None, None, f"{BIND}: bind it in the container, or ask for a class"),
    (Callable[[], Order], None, f"{BIND}: bind it in the container, or ask for a class"),
    (T, "~T", f"{BIND}: bind it in the container, or ask for a class"),
    (str, "str", COLLECTION),
    (int | None, "int | None", COLLECTION),
    (Any, "Any", COLLECTION),
    (Clock, "Clock", ABSTRACT),
    (Clock | None, "tests.unit.test_container.Clock | None", ABSTRACT),
    (Mailer, "Mailer", ABSTRACT),
    (
        Hidden,
        "Hidden",
        "its constructor's annotations name 'Decimal', which does not exist at run time: import it for real, or bind a "
        "factory to it",
    ),
    (
        Unannotated,
        "Unannotated",
        "its constructor's parameter 'price' has no annotation: add one, or bind a factory to it",
    ),
    (A, "A", "its constructors need each other in a circle"),
]


@pytest.mark.parametrize(("kind", "name", "problem"), REFUSED)
def test_what_cannot_be_built_is_an_error_with_its_remedy(kind: Any, name: str | None, problem: str) -> None:
    with pytest.raises(UnresolvableDependencyError) as caught:
        unit().resolve(kind)
    assert str(caught.value) == f"{name or kind} cannot be resolved: {problem}"


@pytest.mark.parametrize(("kind", "name", "problem"), REFUSED[:-1])
def test_what_cannot_be_built_is_found_without_building_it(kind: Any, name: str | None, problem: str) -> None:
    assert LagomResolver().blueprint(kind) == Blueprint(problem=problem)


@pytest.mark.parametrize("constructor", [max, partial(print)])
def test_a_constructor_without_a_signature_is_refused(constructor: Any) -> None:
    problem = "its constructor has no readable signature: bind a factory to it"
    assert LagomResolver().blueprint(type("Opaque", (), {"__init__": constructor})) == Blueprint(problem=problem)


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
    assert str(caught.value) == "Service cannot be resolved: an ExplicitContainer has no definition of it: add one"
    assert LagomResolver(container).blueprint(Service).problem == (
        "an ExplicitContainer has no definition of it: add one"
    )


def test_a_context_container_is_refused() -> None:
    assert LagomResolver(ContextContainer(Container(), [])).problem == (
        "a ContextContainer would end its contexts at no commit: use a plain lagom.Container"
    )
    assert LagomResolver().problem is None


# --- trap 13: singletons that would keep a unit's objects


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


# --- factories, seen before they run


async def builds_later() -> Order: ...  # type: ignore[empty-body]


def yields() -> Iterator[Order]:
    yield Order()


ROOT = Container()


class Factory:
    def __call__(self) -> Order:
        return Order()


IS_ASYNC = "its factory is async, and would give a coroutine in its place: build it before, and bind the object"
YIELDS = "its factory is a generator, whose end would never run: return the object, and close it in a callback"
CLOSES = "its factory closes over a container, not the unit's: take the container as the lambda's parameter"


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
        (Singleton(lambda: ROOT[Order]), CLOSES),
        (
            Repository[Order],
            "it is bound to a generic alias, which would be given itself: bind a factory, lambda c: c[...]",
        ),
        (lambda c: c.ROOT, None),
        (ConstructionWithoutContainer(Factory()), None),
        (Order(), None),
    ],
)
def test_what_a_factory_would_do_wrong_is_seen_before_it_runs(bound: Any, problem: str | None) -> None:
    container = Container()
    container[Order] = bound
    assert LagomResolver(container).blueprint(Order).problem == problem


def test_a_type_bound_as_an_awaitable_alone_is_reported() -> None:
    container = Container()
    container[Awaitable[Order]] = builds_later  # type: ignore[type-abstract]
    assert LagomResolver(container).blueprint(Order).problem == (
        "it is bound as an Awaitable alone: await it before, and bind the object"
    )


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
