"""What a random script is made of; a step knows what it does, and what it is expected to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from tests.properties.application import Running
    from tests.properties.model import Imagined


class Step(ABC):
    """One step, a frozen dataclass; `run` is done by a handler on PostgreSQL, `expect` by the model in memory."""

    __slots__ = ()

    @abstractmethod
    async def run(self, here: Running) -> None: ...

    @abstractmethod
    def expect(self, here: Imagined) -> None: ...

    def __repr__(self) -> str:
        given = [(f.name, getattr(self, f.name)) for f in fields(self) if getattr(self, f.name) != f.default]  # type: ignore[arg-type]
        told = [repr(value) if name == "body" else f"{name}={value!r}" for name, value in given]
        return f"{type(self).__name__}({', '.join(told)})"


Script: TypeAlias = tuple[Step, ...]
