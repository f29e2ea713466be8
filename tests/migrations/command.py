"""The `uow-events` command, run in this process."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from uow_events.cli import main


class Ended(NamedTuple):
    code: int | str | None
    out: str
    err: str


Run = Callable[..., Ended]


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["uow-events", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(ended.value.code, *capsys.readouterr())

    return run
