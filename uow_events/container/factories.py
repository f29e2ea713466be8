"""What a factory function uses, read from its code without running it."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import Any, Final, cast

IS_ASYNC = ("its factory is async, and would give a coroutine in its place", "build it before, and bind the object")
_CONTAINER: Final = object()
_RESOLVE: Final = object()
_UNKNOWN: Final = object()
_LOADS = ("LOAD_DEREF", "LOAD_FAST", "LOAD_GLOBAL")  # from Python 3.13 on, one instruction may load two: *_LOAD_FAST
_STORES = ("STORE_DEREF", "STORE_FAST")
_SILENT = frozenset({"CACHE", "COPY_FREE_VARS", "NOP", "NOT_TAKEN", "PRECALL", "PUSH_NULL", "RESUME"})


def captured_by(factory: FunctionType) -> Iterator[object]:
    """Return the objects around a function that it uses: of the functions it is nested in, and of modules."""
    yield from _nonlocals(factory).values()
    last: object = _UNKNOWN
    for step in dis.get_instructions(factory):
        if step.opname == "LOAD_GLOBAL":
            last = factory.__globals__.get(step.argval)
            yield last
        elif step.opname == "LOAD_ATTR" and isinstance(last, ModuleType):
            last = vars(last).get(step.argval)
            yield last
        else:
            last = _UNKNOWN


def _nonlocals(factory: FunctionType) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, cell in zip(factory.__code__.co_freevars, factory.__closure__ or (), strict=True):
        with suppress(ValueError):  # a variable that has no value yet
            found[name] = cell.cell_contents
    return found


def asked_of_container(factory: object) -> tuple[Any, ...]:
    """Return each X that a factory of one parameter c asks for as `c[X]` or `c.resolve(X)`.

    Only where its code runs straight through, without variables of its own: one that branches, loops or catches may
    never come to ask.
    """
    if not inspect.isfunction(factory) or len(inspect.signature(factory).parameters) != 1:
        return ()
    steps = list(dis.get_instructions(factory))
    parameter = factory.__code__.co_varnames[0]
    branches = any("JUMP" in step.opname for step in steps) or factory.__code__.co_exceptiontable
    has_variables = any(step.opname.startswith(_STORES) for step in steps)
    return () if branches or has_variables else tuple(_asked(factory, parameter, steps))


def _asked(factory: FunctionType, parameter: str, steps: list[dis.Instruction]) -> Iterator[Any]:
    names = factory.__globals__ | _nonlocals(factory) | {parameter: _CONTAINER}
    stack: list[Any] = []
    for step in steps:
        holder, key = stack[-2:] if len(stack) > 1 else (_UNKNOWN, _UNKNOWN)
        is_asked = (_is_subscript(step) and holder is _CONTAINER) or (_is_call(step) and holder is _RESOLVE)
        if is_asked and key is not _UNKNOWN:
            yield key
        if step.opname not in _SILENT:
            stack = _after(step, stack, names)


def _after(step: dis.Instruction, stack: list[Any], names: dict[str, Any]) -> list[Any]:
    """Follow the few instructions of which `c[X]`, `c[module.X]`, `c[X[Y]]` and `c.resolve(X)` are made."""
    name = str(step.argval)
    if step.opname.startswith(_LOADS):
        given = cast("str | tuple[str, ...]", step.argval)
        loaded = given if isinstance(given, tuple) else (name,)
        return [*stack, *(names.get(one, _UNKNOWN) for one in loaded)]
    if step.opname in ("LOAD_ATTR", "LOAD_METHOD") and stack:
        return [*stack[:-1], _attribute(stack[-1], name)]
    if _is_subscript(step) and len(stack) > 1:
        return [*stack[:-2], _item(*stack[-2:])]
    return [_UNKNOWN] if _is_call(step) else []


def _is_subscript(step: dis.Instruction) -> bool:
    return step.opname == "BINARY_SUBSCR" or (step.opname == "BINARY_OP" and step.argrepr == "[]")


def _is_call(step: dis.Instruction) -> bool:
    return step.opname == "CALL" and step.argval == 1


def _item(holder: Any, key: Any) -> Any:
    with suppress(TypeError):  # a class that takes no such argument
        if key is not _UNKNOWN and hasattr(holder, "__class_getitem__"):
            return holder.__class_getitem__(key)
    return _UNKNOWN


def _attribute(holder: Any, name: str) -> Any:
    if holder is _CONTAINER and name == "resolve":
        return _RESOLVE
    return vars(holder).get(name, _UNKNOWN) if isinstance(holder, ModuleType) else _UNKNOWN
