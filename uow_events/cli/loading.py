"""Finds the mediator that a command line names."""

import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

from uow_events.errors import InvalidTargetError, WiringError, kind_of
from uow_events.mediator import Mediator

_ON_THE_WAY = (str(Path(__file__).parents[1]), "<frozen")
_INSTALLED = tuple(sysconfig.get_paths()[part] for part in ("stdlib", "platstdlib", "purelib", "platlib"))


def load_mediator(target: str) -> Mediator:
    """Return what MODULE:MEDIATOR names, imported with the current folder on Python's path; what it prints is stderr's.

    Raises:
        InvalidTargetError: there is no such mediator, or the application's own code failed on the way.
        WiringError: the application verifies its mediator by itself, and there are faults.
    """
    module, _, path = target.partition(":")
    if not (module and path):
        raise InvalidTargetError(target, "write it as MODULE:MEDIATOR, such as app.main:mediator")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    with redirect_stdout(sys.stderr):
        found = _made(target, _attribute(target, _imported(target, module), path))
    if not isinstance(found, Mediator):
        raise InvalidTargetError(target, f"it is {kind_of(found)}; name a Mediator, or a function that makes one")
    return found


def _imported(target: str, module: str) -> object:
    with _telling(target, f"importing {module}"):
        try:
            return import_module(module)
        except ModuleNotFoundError as error:
            if not f"{module}.".startswith(f"{error.name}."):
                raise
            problem = f"there is no module {error.name!r}; run this where the application is imported from"
            raise InvalidTargetError(target, problem) from None


def _attribute(target: str, module: object, path: str) -> Any:
    try:
        return attrgetter(path)(module)
    except AttributeError as error:
        raise InvalidTargetError(target, f"{error}; name the mediator, or a function that makes it") from None


def _made(target: str, found: Any) -> object:
    """Call a function that makes a mediator; give anything else back."""
    if isinstance(found, Mediator | type) or not callable(found):
        return found
    _check_maker(target, found)
    with _telling(target, "calling it"):
        return found()


def _check_maker(target: str, maker: Callable[..., Any]) -> None:
    if inspect.iscoroutinefunction(maker):
        raise InvalidTargetError(target, "it is async; make the mediator in a plain function")
    try:
        inspect.signature(maker).bind()
    except (TypeError, ValueError) as error:
        raise InvalidTargetError(target, f"{error}; name a function without parameters") from None


@contextmanager
def _telling(target: str, doing: str) -> Generator[None]:
    """Tell an error of the application's own code by its type, its message, and the last line of it on the way."""
    try:
        yield
    except (InvalidTargetError, WiringError):
        raise
    except (Exception, SystemExit) as error:
        problem = f"{doing} raised {type(error).__name__}: {error}{_where(error)}"
        raise InvalidTargetError(target, problem) from error


def _where(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return ""  # its text says it
    frames = [one for one in traceback.extract_tb(error.__traceback__) if not one.filename.startswith(_ON_THE_WAY)]
    own = [one for one in frames if not one.filename.startswith(_INSTALLED)] or frames
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
