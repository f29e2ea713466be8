from datetime import timedelta

import pytest

from tests.migrations.command import Run, runner
from uow_events.cli.idempotency import duration


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("30s", timedelta(seconds=30)),
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_duration_is_a_number_with_a_unit(text: str, age: timedelta) -> None:
    assert duration(text) == age


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", "a number with a unit, such as 90m, 12h or 7d, and is '7'"),
        ("-7d", "a number with a unit, such as 90m, 12h or 7d, and is '-7d'"),
        ("1.5h", "a number with a unit, such as 90m, 12h or 7d, and is '1.5h'"),
        ("7d\n", "a number with a unit, such as 90m, 12h or 7d, and is '7d\\n'"),
        ("٧d", "a number with a unit, such as 90m, 12h or 7d, and is '٧d'"),
        ("0d", "more than 0 and at most 36500 days, and is 0:00:00"),
        ("999999999w", "a number with a unit, such as 90m, 12h or 7d, and is '999999999w'"),
        ("99999w", "more than 0 and at most 36500 days, and is 699993 days, 0:00:00"),
    ],
)
def test_a_bad_duration_is_one_clear_line(text: str, expected: str, run: Run) -> None:
    error = f"Error: The argument --older-than must be {expected}\n"
    code, out, err = run("idempotency", "purge", "--dsn", "postgresql://u@h/d", f"--older-than={text}")
    assert (code, out, err) == (2, "", error)
