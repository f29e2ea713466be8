"""The root of the exception tree, and how errors name what they speak of."""

from types import FunctionType, MethodType, ModuleType, UnionType
from typing import NewType, TypeVar, get_origin


class UowEventsError(Exception):
    """Base of every error of this framework."""


def name_of(thing: object) -> str:
    """Return the name a reader knows a class, function, module, type annotation or object by."""
    if isinstance(thing, ModuleType):
        return thing.__name__
    if isinstance(thing, UnionType | TypeVar | NewType) or get_origin(thing) is not None:
        return str(thing)
    named = thing if isinstance(thing, type | FunctionType | MethodType) else type(thing)
    return named.__qualname__.rpartition("<locals>.")[2]


def kind_of(thing: object) -> str:
    """Return "the class X" for a class, and "a X" for an object of it."""
    return f"the class {name_of(thing)}" if isinstance(thing, type) else f"a {name_of(thing)}"
