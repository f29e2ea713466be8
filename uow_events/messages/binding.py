"""A handler as it was registered: which message it takes, what else it needs, how it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast, get_args, get_origin

from typing_extensions import get_original_bases

from uow_events.errors import HandlerSignatureError, name_of
from uow_events.messages.handler_options import DEFAULT_OPTIONS, HandlerOptions
from uow_events.messages.recording import note_call
from uow_events.signatures import UNANNOTATED, Parameter, arguments_for, conflicts, parameters_of, return_type_of

T = TypeVar("T")


class Resolves(Protocol):
    """The half of the container that calling a handler needs."""

    def resolve(self, dependency: type[T]) -> T:
        """Return an object of a type."""
        ...


@dataclass(frozen=True, slots=True)
class Binding:
    """A handler with the message type it takes; `injected` are a function's further parameters.

    `fallback` is the handler of its FallbackHandler, where `options.on_error` is one.
    """

    handler: Any
    message_type: Any
    injected: tuple[Parameter, ...]
    returns: Any
    options: HandlerOptions = DEFAULT_OPTIONS
    fallback: Binding | None = None

    @property
    def name(self) -> str:
        """What errors and logs call this handler."""
        return name_of(self.handler)

    async def call(self, message: object, container: Resolves) -> Any:
        """Run the handler once with what the container gives it; its exceptions pass as they are."""
        if isinstance(self.handler, type):
            handler = container.resolve(cast("type[Any]", self.handler))
            note_call(handler)
            answer: Any = handler.handle(message)
        else:
            _, given = arguments_for(self.injected, container.resolve)
            answer = self.handler(message, **given)
        return await answer if inspect.isawaitable(answer) else answer


def bind(handler: Any, base: type, message_type: Any = None) -> Binding:
    """Reflect a handler class (deriving from `base`) or function, once.

    Raises:
        HandlerSignatureError: it is no handler, is abstract, or its annotations disagree with each other or with
            `message_type`, or it asks for something without saying what.
    """
    if isinstance(handler, type):
        return _bind_class(handler, base, message_type)
    if not (inspect.isfunction(handler) or inspect.ismethod(handler)):
        raise HandlerSignatureError(handler, f"it is neither a subclass of {base.__name__} nor a function")
    return _bind_function(handler, message_type)


def _bind_class(handler: type, base: type, message_type: Any) -> Binding:
    if not issubclass(handler, base):
        raise HandlerSignatureError(handler, f"it does not derive from {base.__name__}")
    if inspect.isabstract(handler):
        missing = ", ".join(sorted(handler.__abstractmethods__))  # type: ignore[attr-defined]
        raise HandlerSignatureError(handler, f"it is abstract ({missing} is not implemented)")
    declared = type_arguments(handler, base)
    if not declared or isinstance(declared[0], TypeVar):
        raise HandlerSignatureError(handler, f"it does not say what it handles: derive from {base.__name__}[...]")
    taken, *more = declared
    handle: Any = cast("Any", handler).handle
    parameters = reflect(handler, handle)
    if not _takes(handle, None, None):
        raise HandlerSignatureError(handler, "its handle() must take the message alone; ask for more in __init__()")
    for parameter in parameters[1:]:
        _agree(handler, taken, parameter.type, "its handle()")
    _agree(handler, taken, message_type, "its registration")
    promised = more[0] if more else UNANNOTATED
    returned = return_type_of(handle)
    if conflicts(promised, returned):
        raise HandlerSignatureError(
            handler, f"its handle() returns {name_of(returned)}, but its class says {name_of(promised)}"
        )
    return Binding(handler, taken, (), promised)


def _bind_function(handler: Callable[..., Any], message_type: Any) -> Binding:
    parameters = reflect(handler, handler)
    if not parameters or not _takes(handler, None, partly=True):
        raise HandlerSignatureError(handler, "it takes no message: its first parameter is the message")
    first, *injected = parameters
    if message_type is None and first.type is UNANNOTATED:
        raise HandlerSignatureError(handler, f"its first parameter {first.name!r} does not say which message it takes")
    _agree(handler, message_type, first.type, "its first parameter")
    for parameter in injected:
        problem = _not_injectable(parameter)
        if problem:
            raise HandlerSignatureError(handler, f"nothing can be injected for {parameter.name!r}: it {problem}")
    return Binding(handler, message_type or first.type, tuple(injected), return_type_of(handler))


def _takes(function: Callable[..., Any], *given: object, partly: bool = False) -> bool:
    signature = inspect.signature(function)
    try:
        (signature.bind_partial if partly else signature.bind)(*given)
    except TypeError:
        return False
    return True


def _not_injectable(parameter: Parameter) -> str | None:
    if parameter.positional_only:
        return "is positional-only"
    if parameter.has_default or parameter.is_injectable:
        return None
    return "has no annotation" if parameter.type is UNANNOTATED else "is a plain value without a default"


def reflect(handler: object, function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return the parameters of a handler's function.

    Raises:
        HandlerSignatureError: it is a generator, or its annotations name what does not exist at run time.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise HandlerSignatureError(handler, "it is a generator, which nobody would run: return in place of yield")
    try:
        return parameters_of(function)
    except NameError as error:
        raise HandlerSignatureError(
            handler,
            f"its annotations name {error.name!r}, which does not exist at run time: import it outside of "
            "`if TYPE_CHECKING`, and define it at the top of a module",
        ) from error


def _agree(handler: object, expected: Any, found: Any, where: str) -> None:
    if expected is None or found is None or found is UNANNOTATED or isinstance(found, TypeVar):
        return
    if found != expected:
        raise HandlerSignatureError(handler, f"{where} says {name_of(found)}, but it handles {name_of(expected)}")


def type_arguments(cls: type, base: type) -> tuple[Any, ...]:
    """Return what a class gives for the type variables of a generic base, directly or through other bases."""
    for ancestor in cls.__mro__:
        for original in get_original_bases(ancestor):
            origin = get_origin(original)
            if origin is base:
                return get_args(original)
            if origin is not None and issubclass(origin, base):
                return _substituted(origin, base, get_args(original))
    return ()


def _substituted(origin: type, base: type, given: tuple[Any, ...]) -> tuple[Any, ...]:
    known = dict(zip(getattr(origin, "__parameters__", ()), given, strict=False))
    return tuple(known.get(argument, argument) for argument in type_arguments(origin, base))
