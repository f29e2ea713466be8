"""What a unit of work needs of a container, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Resolver(Protocol):
    """What a unit of work needs of a container; implement it to use another one than Lagom."""

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
    """What building a type takes, as far as can be told without building it."""

    needs: tuple[Any, ...] = ()
    is_singleton: bool = False
    problem: str | None = None
