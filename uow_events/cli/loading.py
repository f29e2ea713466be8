"""Finds the mediator, or the relay, that a command line names."""

import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, Generic, TypeVar

from uow_events.errors import InvalidTargetError, WiringError, kind_of
from uow_events.mediator import Mediator
from uow_events.relay import Relay

T = TypeVar("T")

_ON_THE_WAY = (str(Path(__file__).parents[1]), "<frozen")
_INSTALLED = tuple(sysconfig.get_paths()[part] for part in ("stdlib", "platstdlib", "purelib", "platlib"))


@dataclass(frozen=True, slots=True)
class Target(Generic[T]):
    """What a command line names, and what it is to be: a mediator, or something else of one kind."""

    text: str
    kind: type[T]
    word: str

    def fault(self, problem: str) -> InvalidTargetError:
        """Return the error that says why it is none."""
        return InvalidTargetError(self.text, problem, self.word)


def load_mediator(target: str) -> Mediator:
    """Return what MODULE:MEDIATOR names, imported with the current folder on Python's path; what it prints is stderr's.

    Raises:
        InvalidTargetError: there is no such mediator, or the application's own code failed on the way.
        WiringError: the application verifies its mediator by itself, and there are faults.
    """
    return load(Target(target, Mediator, "mediator"))


def load_relay(target: str) -> Relay:
    """Return what MODULE:RELAY names, as load_mediator() does.

    Raises:
        InvalidTargetError: there is no such relay, or the application's own code failed on the way.
        WiringError: the application verifies its mediator by itself, and there are faults.
    """
    return load(Target(target, Relay, "relay"))


def load(target: Target[T]) -> T:
    """Return what a target names, or what the function that it names makes.

    Raises:
        InvalidTargetError: it names nothing of its kind, or the application's own code failed on the way.
        WiringError: the application verifies its mediator by itself, and there are faults.
    """
    module, _, path = target.text.partition(":")
    if not (module and path):
        raise target.fault(f"write it as MODULE:{target.word.upper()}, such as app.main:{target.word}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    with redirect_stdout(sys.stderr):
        found = _made(target, _attribute(target, _imported(target, module), path))
    if not isinstance(found, target.kind):
        a_kind = f"a {target.kind.__name__}"
        raise target.fault(f"it is {kind_of(found)}; name {a_kind}, or a function that makes one")
    return found


def _imported(target: Target[Any], module: str) -> object:
    with _telling(target, f"importing {module}"):
        try:
            return import_module(module)
        except ModuleNotFoundError as error:
            if not f"{module}.".startswith(f"{error.name}."):
                raise
            problem = f"there is no module {error.name!r}; run this where the application is imported from"
            raise target.fault(problem) from None


def _attribute(target: Target[Any], module: object, path: str) -> Any:
    try:
        return attrgetter(path)(module)
    except AttributeError as error:
        raise target.fault(f"{error}; name the {target.word}, or a function that makes it") from None


def _made(target: Target[Any], found: Any) -> object:
    """Call a function that makes what is wanted; give anything else back."""
    if isinstance(found, target.kind | type) or not callable(found):
        return found
    _check_maker(target, found)
    with _telling(target, "calling it"):
        return found()


def _check_maker(target: Target[Any], maker: Callable[..., Any]) -> None:
    if inspect.iscoroutinefunction(maker):
        raise target.fault(f"it is async; make the {target.word} in a plain function")
    try:
        inspect.signature(maker).bind()
    except (TypeError, ValueError) as error:
        raise target.fault(f"{error}; name a function without parameters") from None


@contextmanager
def _telling(target: Target[Any], doing: str) -> Generator[None]:
    """Tell an error of the application's own code by its type, its message, and the last line of it on the way."""
    try:
        yield
    except (InvalidTargetError, WiringError):
        raise
    except (Exception, SystemExit) as error:
        problem = f"{doing} raised {type(error).__name__}: {error}{_where(error)}"
        raise target.fault(problem) from error


def _where(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return ""  # its text says it
    frames = [one for one in traceback.extract_tb(error.__traceback__) if not one.filename.startswith(_ON_THE_WAY)]
    own = [one for one in frames if not one.filename.startswith(_INSTALLED)] or frames
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
