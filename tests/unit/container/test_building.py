"""What the container builds, however it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest
from lagom import Container, Singleton
from lagom.interfaces import ReadableContainer

from tests.unit.container.graph import (
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
