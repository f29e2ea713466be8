"""Which class a method belongs to, and under which name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import inspect as inspect_mapping
from sqlalchemy.orm import Mapper

from uow_events.errors import HandlerSignatureError, name_of


@dataclass(frozen=True, slots=True)
class AggregateMethod:
    """A method with the class it was found in; a classmethod creates, another one needs a loaded aggregate."""

    function: Callable[..., Any]
    aggregate: type[Any]
    name: str
    creates: bool

    @property
    def is_mapped(self) -> bool:
        """Whether the class is mapped by now; imperative mapping may come after the registration."""
        return _mapper_of(self.aggregate) is not None

    @property
    def mapper(self) -> Mapper[Any]:
        """The mapper of the class.

        Raises:
            HandlerSignatureError: it is not mapped.
        """
        mapper = _mapper_of(self.aggregate)
        if mapper is None:
            raise self.refused(
                f"{name_of(self.aggregate)} is not mapped: map it before the first send, or, where it is a mixin, name "
                "the mapped class with aggregate="
            )
        return mapper

    def refused(self, problem: str) -> HandlerSignatureError:
        """Return the error that says why this method cannot be a handler."""
        return HandlerSignatureError(self.function, problem)


def find_method(method: Any, aggregate: type | None = None) -> AggregateMethod:
    """Find the class of a method, by the method's own name, or in `aggregate`.

    Raises:
        HandlerSignatureError: it is no method of a class, or no class can be found.
    """
    if inspect.ismethod(method):
        return _class_method(method, aggregate)
    if not inspect.isfunction(method):
        raise HandlerSignatureError(method, "it is no method: pass Aggregate.method, or the classmethod that creates")
    owner = aggregate or _owner_of(method)
    if owner is None:
        raise HandlerSignatureError(
            method,
            "its class cannot be told from its name, as of a local class or a plain function: name the mapped class "
            "with aggregate=",
        )
    for cls in owner.__mro__:
        for name, member in vars(cls).items():
            if member is method:
                return AggregateMethod(method, owner, name, creates=False)
    raise HandlerSignatureError(method, f"it is no method of {name_of(owner)}: a static method has no aggregate")


def _class_method(method: Any, aggregate: type | None) -> AggregateMethod:
    owner = method.__self__
    if not isinstance(owner, type):
        raise HandlerSignatureError(method, "it is bound to one object: pass the method of the class")
    if aggregate not in (None, owner):
        raise HandlerSignatureError(method, f"it creates {name_of(owner)}, but aggregate= says {name_of(aggregate)}")
    return AggregateMethod(method, owner, method.__name__, creates=True)


def _owner_of(function: Any) -> type | None:
    """Walk the qualified name from the function's own module; one that functools.wraps() made stands for it."""
    path = function.__qualname__.split(".")[:-1]
    known = inspect.unwrap(function).__globals__
    found = reduce(lambda thing, name: getattr(thing, name, None), path[1:], known.get(path[0])) if path else None
    return found if isinstance(found, type) else None


def _mapper_of(cls: type) -> Mapper[Any] | None:
    mapper: Mapper[Any] | None = inspect_mapping(cls, raiseerr=False)
    return mapper
