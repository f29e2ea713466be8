"""What a unit of work needs of a container, whichever it is, and what the check at start-up may ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from uow_events.errors import Fault
from uow_events.signatures import Parameter

T = TypeVar("T")


class Resolver(Protocol):
    """What a unit of work needs of a container; implement it to use another one than Lagom.

    What child() returns may also have `close()`: called once when its unit of work has ended, after the commit or the
    rollback; its errors are logged, since nothing can be undone any more.
    """

    def resolve(self, dependency: type[T]) -> T:
        """Return an object of a type, building what it needs.

        Raises:
            UnresolvableDependencyError: it cannot be built. A constructor's own errors pass as they are.
        """
        ...

    def child(self, instances: Mapping[type, object]) -> Resolver:
        """Return a container for one unit of work, in which these types are these objects."""
        ...


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What building a type takes, as far as can be told without building it.

    `is_opaque` says that something builds it that may take more of a unit of work than `needs` tells.
    """

    needs: tuple[Any, ...] = ()
    is_singleton: bool = False
    fault: Fault | None = None
    is_opaque: bool = False


@runtime_checkable
class Inspectable(Resolver, Protocol):
    """What a Resolver may offer besides, so that faults in what handlers need are found at start-up.

    Without it a resolver works as well, and its part of the wiring is checked by the first use alone.
    """

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the container as a whole."""
        ...

    @property
    def scoped(self) -> tuple[type, ...]:
        """The types that are built once per unit of work."""
        ...

    def blueprint(self, dependency: Any) -> Blueprint:
        """Tell what building a type takes."""
        ...

    def needs(self, parameters: Iterable[Parameter]) -> tuple[Any, ...]:
        """Return the types that calling something takes, less those for which a default stands in."""
        ...
