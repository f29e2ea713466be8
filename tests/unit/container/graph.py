"""Things for a container to build."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from lagom import Container

from uow_events.container import LagomResolver
from uow_events.resolver import Resolver

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


class A:
    def __init__(self, b: B) -> None: ...


class B:
    def __init__(self, a: A) -> None: ...


ABSTRACT = "it is abstract, and no implementation is bound to it; bind one to it in the container"


def unit(container: Container | None = None, session: Session | None = None, scoped: Sequence[type] = ()) -> Resolver:
    return LagomResolver(container, scoped).child({Session: session or Session()})
