"""dishka by itself: its scopes, its finalizers, its errors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from dishka import Container, Provider, Scope, make_async_container, make_container
from dishka.exceptions import NoFactoryError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.unit.container.graph import Clock, FakeClock, Order, Orders, Repository, Session
from uow_events import MessageContext, MissingExtraError, Resolver
from uow_events.errors import InvalidArgumentError, UnresolvableDependencyError
from uow_events.integrations.dishka import DishkaResolver, unit_of_work_provider


def resolver_with(*provided: Any, scope: Scope = Scope.REQUEST, skip_validation: bool = False) -> DishkaResolver:
    provider = Provider(scope=scope)
    provider.from_context(provides=Session, scope=Scope.REQUEST)
    for factory in provided:
        provider.provide(factory)
    return DishkaResolver(make_container(provider, skip_validation=skip_validation))


def close(child: Resolver) -> None:
    child.close()  # type: ignore[attr-defined]


def test_what_has_the_scope_of_a_request_is_built_once_per_unit() -> None:
    resolver = resolver_with(FakeClock)
    first, second = resolver.child({}), resolver.child({})
    assert first.resolve(FakeClock) is first.resolve(FakeClock)
    assert first.resolve(FakeClock) is not second.resolve(FakeClock)


def test_whoever_asks_for_the_container_gets_the_units() -> None:
    session = Session()
    assert resolver_with().child({Session: session}).resolve(Container).get(Session) is session


def test_dishkas_own_classes_get_what_belongs_to_the_unit() -> None:
    class Needs:
        def __init__(self, session: AsyncSession, context: MessageContext) -> None:
            self.given = session, context

    provider = Provider(scope=Scope.REQUEST)
    provider.provide(Needs)
    resolver = DishkaResolver(make_container(unit_of_work_provider(), provider))
    session, context = AsyncSession(), MessageContext()
    child = resolver.child({AsyncSession: session, MessageContext: context})
    assert child.resolve(Needs).given == (session, context)


def test_the_end_of_a_unit_runs_its_finalizers_once() -> None:
    ended: list[str] = []

    def clock() -> Iterator[FakeClock]:
        yield FakeClock()
        ended.append("clock")

    child = resolver_with(clock).child({})
    child.resolve(FakeClock)
    assert ended == []
    close(child)
    close(child)
    assert ended == ["clock"]


class NeedsClock:
    def __init__(self, clock: Clock) -> None: ...


REFUSED = "cannot be resolved: dishka refused it ({}); its own error, the cause of this one, says what is missing"


def test_what_dishkas_own_factory_misses_is_an_error_with_dishkas_as_its_cause() -> None:
    with pytest.raises(UnresolvableDependencyError) as caught:
        resolver_with(NeedsClock, skip_validation=True).child({}).resolve(NeedsClock)
    assert str(caught.value) == f"NeedsClock {REFUSED.format('NoFactoryError')}"
    assert isinstance(caught.value.__cause__, NoFactoryError)
    assert caught.value.is_known


def test_a_units_object_asked_for_outside_of_any_is_an_error() -> None:
    class Asks:
        def __init__(self, session: Session) -> None: ...

    provider = Provider(scope=Scope.APP)
    provider.from_context(provides=Session)
    with pytest.raises(UnresolvableDependencyError) as caught:
        DishkaResolver(make_container(provider)).resolve(Asks)
    assert str(caught.value) == f"Session {REFUSED.format('NoContextValueError')}"


def test_a_default_never_stands_in_for_what_dishka_refuses() -> None:
    class Defaults:
        def __init__(self, needs: NeedsClock | None = None) -> None: ...

    Defaults.__init__.__annotations__["needs"] = NeedsClock | None
    with pytest.raises(UnresolvableDependencyError, match="NeedsClock cannot be resolved: dishka refused it"):
        resolver_with(NeedsClock, skip_validation=True).child({}).resolve(Defaults)


def test_dishka_is_asked_once_for_what_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    get = Container.get

    def counting(self: Container, dependency_type: Any, *rest: Any) -> Any:
        asked.append(dependency_type)
        return get(self, dependency_type, *rest)

    monkeypatch.setattr(Container, "get", counting)
    resolver = resolver_with()
    for _ in range(3):
        resolver.child({Session: Session()}).resolve(Orders)
    assert asked == [Orders, Repository[Order], Repository]


@pytest.mark.parametrize(
    ("given", "shown"), [(make_async_container(), "a AsyncContainer"), (Container, "the class Container"), (3, "a int")]
)
def test_another_container_is_refused(given: Any, shown: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        DishkaResolver(given)
    assert str(caught.value) == (f"The argument container must be what dishka.make_container() returns, and is {shown}")


def test_without_its_extra_the_integration_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dishka", None)
    monkeypatch.delitem(sys.modules, "uow_events.integrations.dishka")
    with pytest.raises(MissingExtraError) as caught:
        __import__("uow_events.integrations.dishka")
    assert str(caught.value) == (
        "uow_events.integrations.dishka needs the extra 'dishka': pip install 'uow-events[dishka]'"
    )
