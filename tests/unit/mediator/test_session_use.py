"""Which handlers are seen to hold the session."""

from typing import Any, Protocol

import pytest
from lagom import Container, Singleton
from lagom.interfaces import ReadableContainer, WriteableContainer
from sqlalchemy.ext.asyncio import AsyncSession

from uow_events import (
    DomainEvent,
    EventHandler,
    Mediator,
    MessageContext,
    Recorder,
    UnitOfWork,
)
from uow_events.container import LagomResolver, Resolver
from uow_events.mediator.sending.session_use import SessionUse
from uow_events.messages import Binding, FallbackHandler, HandlerOptions, bind, with_options


class Joined(DomainEvent): ...


class Ours(AsyncSession): ...


class Clock(Protocol):
    def now(self) -> int: ...


class Repository:
    def __init__(self, session: AsyncSession, clock: Clock | None = None) -> None: ...


class Service:
    def __init__(self, repository: Repository | None) -> None: ...


class Mailer:
    def __init__(self, recorder: Recorder, context: MessageContext, clock: Clock | None = None) -> None: ...


class Sender:
    def __init__(self, mediator: Mediator) -> None: ...


class Circle:
    def __init__(self, circle: "Circle") -> None: ...


class Smtp: ...


class Postfix(Smtp): ...


class ServiceHandler(EventHandler[Joined]):
    def __init__(self, service: Service) -> None: ...

    async def handle(self, event: Joined) -> None: ...


class MailHandler(EventHandler[Joined]):
    def __init__(self, mailer: Mailer, recorder: Recorder) -> None: ...

    async def handle(self, event: Joined) -> None: ...


def asks(kind: Any) -> Binding:
    async def handler(event: Joined, asked: Any) -> None: ...

    handler.__annotations__["asked"] = kind
    return bind(handler, EventHandler)


def use(container: Container | None = None, scoped: tuple[type, ...] = ()) -> SessionUse:
    return SessionUse(LagomResolver(container, scoped), (AsyncSession, Ours, UnitOfWork, Mediator))


@pytest.mark.parametrize(
    "kind",
    [AsyncSession, Ours, UnitOfWork, Mediator, Container, ReadableContainer, WriteableContainer]
    + [Repository, Service, Service | None, Sender, Circle],
)
def test_what_reaches_the_session_holds_it(kind: Any) -> None:
    assert use()(asks(kind))


@pytest.mark.parametrize("kind", [Recorder, MessageContext, Mailer, Mailer | None, Smtp])
def test_what_does_not_reach_it_does_not(kind: Any) -> None:
    assert not use()(asks(kind))


def test_classes_are_looked_at_by_their_constructor() -> None:
    assert use()(bind(ServiceHandler, EventHandler))
    assert not use()(bind(MailHandler, EventHandler))
    assert use()(bind(lambda event, one=1: None, EventHandler, Joined)) is False


def test_factories_that_take_the_container_hold_it_and_others_do_not() -> None:
    container = Container()
    container[Smtp] = lambda c: Smtp()
    container[Clock] = lambda: object()
    container[Circle] = Circle.__new__(Circle)
    holds = use(container)
    assert [holds(asks(kind)) for kind in (Smtp, Clock, Circle)] == [True, False, False]


def test_an_alias_holds_it_where_its_target_does() -> None:
    container = Container()
    container[Clock] = Repository
    container[Smtp] = Postfix
    assert [use(container)(asks(kind)) for kind in (Clock, Smtp)] == [True, False]


def test_singletons_never_hold_it_and_scoped_types_by_their_own_graph() -> None:
    container = Container()
    container[Smtp] = Singleton(lambda c: Smtp())
    container[Service] = Singleton(Service)
    holds = use(container, (Service, Mailer))
    assert [holds(asks(kind)) for kind in (Smtp, Service, Mailer)] == [False, True, False]


def test_a_fallback_counts_with_its_primary() -> None:
    binding = asks(Smtp)
    for fallback, expected in ((ServiceHandler, True), (MailHandler, False)):
        options = HandlerOptions(on_error=FallbackHandler(fallback))
        assert use()(with_options(binding, options, EventHandler)) is expected


def test_handlers_that_run_after_the_commit_need_no_turn_before_it() -> None:
    binding = asks(AsyncSession)
    later = Binding(binding.handler, Joined, binding.injected, None, HandlerOptions(phase="after_commit"))
    holds = use()
    assert (holds(binding), holds(later)) == (True, False)


class Other:
    """A container of another make, which nobody can look into."""

    def resolve(self, dependency: Any) -> Any: ...

    def child(self, instances: Any) -> Resolver:
        return self


@pytest.mark.parametrize(
    ("kind", "expected"), [(Smtp, False), (Recorder, False), (Mailer, True), (Clock, True), (Sender, True)]
)
def test_of_other_containers_whatever_needs_anything_holds_it(kind: Any, expected: bool) -> None:
    assert SessionUse(Other(), (AsyncSession,))(asks(kind)) is expected


def test_each_handler_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    holds, binding = use(), asks(Service)
    assert holds(binding)
    monkeypatch.setattr(SessionUse, "_holds", lambda self, needed: pytest.fail("looked again"))
    assert holds(binding)
