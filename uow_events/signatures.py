"""What a callable asks for: its parameters with their types, reflected once."""

import inspect
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from uow_events.errors import UnresolvableDependencyError

UNIONS = (Union, UnionType)
AWAITABLE = (Awaitable, Coroutine)
SKIPPED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
UNANNOTATED: Any = inspect.Parameter.empty
VALUE_MODULES = frozenset(
    {"builtins", "collections", "datetime", "decimal", "enum", "fractions", "pathlib", "typing", "uuid"}
)
IN_A_CIRCLE = ("these constructors need each other in a circle", "bind a factory to one of them")
VALUES = (str, bytes, int, float, complex, Enum)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `type` is UNANNOTATED where there is no annotation, `default` where there is no default."""

    name: str
    type: Any
    default: Any
    positional_only: bool

    @property
    def has_default(self) -> bool:
        """Whether it may be left out."""
        return self.default is not UNANNOTATED

    @property
    def is_injectable(self) -> bool:
        """Whether a container may have something for it: its type is neither missing nor that of a plain value."""
        return self.type is not UNANNOTATED and not is_value_type(self.type)


@lru_cache(maxsize=4096)
def parameters_of(target: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return the parameters of a function, or of a class's constructor without self.

    Raises:
        NameError: an annotation names something that does not exist at run time (TYPE_CHECKING imports, local names).
        ValueError: the target has no signature that can be read, as some built-in types.
    """
    reflected = _constructor(target) if isinstance(target, type) else target
    if reflected is None:
        return ()
    hints = get_type_hints(reflected)
    found = list(inspect.signature(reflected).parameters.values())
    if isinstance(target, type):
        found = found[1:]
    return tuple(
        Parameter(
            name=parameter.name,
            type=hints.get(parameter.name, UNANNOTATED),
            default=parameter.default,
            positional_only=parameter.kind is parameter.POSITIONAL_ONLY,
        )
        for parameter in found
        if parameter.kind not in SKIPPED
    )


def is_value_type(kind: Any) -> bool:
    """Tell whether a type is that of a plain value (str, int, datetime, ...), which no container makes up."""
    if not isinstance(kind, type):
        return False
    home = kind.__module__.partition(".")[0]
    module = sys.modules[home] if home in VALUE_MODULES else None
    is_there = getattr(module, kind.__name__, None) is kind  # what exec() runs claims to be of builtins
    return is_there or issubclass(kind, VALUES)


def return_type_of(function: Callable[..., Any]) -> Any:
    """Return what awaiting a function gives by its annotation, or UNANNOTATED where it does not say."""
    returned = get_type_hints(function).get("return", UNANNOTATED)
    is_async = inspect.iscoroutinefunction(function)
    return get_args(returned)[-1] if get_origin(returned) in AWAITABLE and not is_async else returned


def _constructor(cls: Any) -> Callable[..., Any] | None:
    if cls.__init__ is not object.__init__:
        return cast("Callable[..., Any]", cls.__init__)
    return cast("Callable[..., Any]", cls.__new__) if cls.__new__ is not object.__new__ else None


def arguments_for(parameters: Iterable[Parameter], resolve: Callable[[Any], Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return positional and keyword arguments, each resolved by its type.

    A default stays only where the container knows nothing of the type: a dependency that exists but cannot be built is
    an error, never a silent default.
    """
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in parameters:
        value = _argument(parameter, resolve)
        if parameter.positional_only:
            positional.append(value)
        else:
            named[parameter.name] = value
    return positional, named


def _argument(parameter: Parameter, resolve: Callable[[Any], Any]) -> Any:
    if parameter.has_default and parameter.type is UNANNOTATED:
        return parameter.default
    try:
        return resolve(parameter.type)
    except UnresolvableDependencyError as error:
        if parameter.has_default and error.dependency == parameter.type and not error.is_known:
            return parameter.default
        raise


def conflicts(promised: Any, returned: Any) -> bool:
    """Tell whether two annotations of one response contradict each other, as far as they say anything."""
    promised, returned = (_bare(kind) for kind in (promised, returned))
    if promised == returned or _says_nothing(promised) or _says_nothing(returned):
        return False
    if get_origin(returned) in UNIONS:
        return any(conflicts(promised, one) for one in get_args(returned))
    if get_origin(promised) in UNIONS:
        return all(conflicts(one, returned) for one in get_args(promised))
    return not _is_kind_of(returned, promised)


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _says_nothing(annotation: Any) -> bool:
    return annotation is UNANNOTATED or annotation is Any or isinstance(annotation, TypeVar)


def _is_kind_of(returned: Any, promised: Any) -> bool:
    below, above = (NoneType if kind is None else get_origin(kind) or kind for kind in (returned, promised))
    try:
        fits = issubclass(below, (int, float) if above is float else above)
    except TypeError:  # what issubclass takes no stand on: a Protocol, a TypedDict, a NewType, a Literal
        return True
    inner = zip(get_args(promised), get_args(returned), strict=False) if below is above else ()
    return fits and not any(conflicts(*pair) for pair in inner)


def without_none(kind: Any) -> Any:
    """Return X for `X | None`, and any other annotation as it is."""
    if get_origin(kind) in UNIONS:
        some = [argument for argument in get_args(kind) if argument is not NoneType]
        return some[0] if len(some) == 1 else kind
    return kind


def class_of_alias(kind: Any) -> Any:
    """Return Repository for `Repository[Order]`, and anything that is no generic alias of a class to build as it is."""
    origin = get_origin(kind)
    is_class = isinstance(origin, type) and not is_value_type(origin) and origin.__module__ != "collections.abc"
    return origin if is_class else kind


@lru_cache(maxsize=4096)
def constructor_of(kind: Any) -> tuple[Parameter, ...]:
    """Return the parameters of the constructor of a class to be built from them.

    Raises:
        UnresolvableDependencyError: no object can be built from its constructor alone.
    """
    refusal = _why_unbuildable(kind)
    if refusal is not None:
        raise UnresolvableDependencyError(kind, *refusal)
    try:
        parameters = parameters_of(kind)
    except NameError as error:
        problem = f"its constructor's annotations name {error.name!r}, which does not exist at run time"
        raise UnresolvableDependencyError(
            kind, problem, "import it for real, or bind a factory to it", is_known=True
        ) from error
    except (TypeError, ValueError) as error:
        problem = "its constructor has no readable signature"
        raise UnresolvableDependencyError(kind, problem, "bind a factory to it") from error
    for parameter in parameters:
        if parameter.type is UNANNOTATED and not parameter.has_default:
            problem = f"its constructor's parameter {parameter.name!r} has no annotation"
            raise UnresolvableDependencyError(kind, problem, "add one, or bind a factory to it")
    return parameters


def _why_unbuildable(kind: Any) -> tuple[str, str] | None:
    if not isinstance(kind, type):
        return "nothing is bound to it", "bind it in the container, or ask for a class"
    if is_value_type(kind):
        return "it is a plain value or a collection, and nothing is bound to it", "wrap it in a class of its own"
    if inspect.isabstract(kind) or getattr(kind, "_is_protocol", False):
        return "it is abstract, and no implementation is bound to it", "bind one to it in the container"
    return None
