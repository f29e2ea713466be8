import sys
from importlib.metadata import version

import pytest
from sqlalchemy import make_url

import uow_events.cli
from tests.migrations.command import Run, runner
from uow_events.cli.database import Database, reason
from uow_events.errors import DatabaseUnavailableError, InvalidDsnError, MigrationFailedError, UowEventsError

INVALID_DSN = (
    "Error: The DSN is not the URL of a PostgreSQL database: expected postgresql://user:password@host:5432/database "
    "(or postgres://, or postgresql+asyncpg://), with special characters of the password as %40 and the like.\n"
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.delenv("UOW_EVENTS_DATABASE_URL", raising=False)
    return runner(monkeypatch, capsys)


@pytest.fixture
def fresh_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the command import its modules anew, and give the ones that are loaded now back afterwards."""
    loaded = [name for name in sys.modules if name.startswith("uow_events.cli.") and name != "uow_events.cli.entry"]
    for name in loaded:
        monkeypatch.delitem(sys.modules, name)
        module, _, inner = name.removeprefix("uow_events.cli.").partition(".")
        if not inner:
            monkeypatch.delattr(uow_events.cli, module)


@pytest.mark.usefixtures("fresh_import")
def test_without_its_extra_the_command_names_the_extra(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setitem(sys.modules, "typer", None)
    message = "Error: The command uow-events needs the extra 'cli': pip install 'uow-events[cli]'\n"
    assert run("--version") == (2, "", message)


@pytest.mark.usefixtures("fresh_import")
def test_another_missing_module_is_not_taken_for_the_extra(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setitem(sys.modules, "alembic.migration", None)
    with pytest.raises(ModuleNotFoundError, match=r"alembic\.migration"):
        run("--version")


def test_the_version_is_the_distributions(run: Run) -> None:
    assert run("--version") == (0, f"uow-events {version('uow-events')}\n", "")


def test_a_command_without_a_dsn_names_the_option(run: Run) -> None:
    code, out, err = run("db", "check")
    assert (code, out) == (2, "")
    assert "\nError: Missing option '--dsn'" in err


@pytest.mark.parametrize(
    "dsn",
    [
        "secret",
        "",
        "sqlite:///secret",
        "postgresql+psycopg://u:secret@h/d",
        "postgresql://u:x@secret@h/d",
        "postgresql://u@h:secret/d",
    ],
)
def test_a_bad_dsn_is_an_error_that_does_not_repeat_it(dsn: str, run: Run) -> None:
    assert run("db", "check", "--dsn", dsn) == (2, "", INVALID_DSN)


@pytest.mark.parametrize(
    ("dsn", "text"),
    [
        ("postgresql://u:secret@h:1/d", "database 'd' on h:1"),
        ("postgres://u:secret@h/d?password=secret", "database 'd' on h"),
        ("postgresql+asyncpg://u:secret@/d?host=/run/pg", "database 'd' on /run/pg"),
        ("postgresql://u:secret@", "database 'u' on the default host"),
        ("postgresql://", "database 'of the default name' on the default host"),
    ],
)
def test_a_database_is_named_without_its_secrets(dsn: str, text: str) -> None:
    assert str(Database.from_dsn(dsn)) == text


def test_a_dsn_is_read_as_sqlalchemy_reads_it() -> None:
    assert Database.from_dsn("postgres://u:%40@h/d").url == make_url("postgres://u:%40@h/d")


def test_the_reason_is_what_the_driver_said_in_one_line() -> None:
    error = RuntimeError("SQL and parameters")
    error.__cause__ = ValueError("said\nin detail")
    assert reason(error) == "said"
    assert reason(TimeoutError()) == "TimeoutError"


def test_errors_keep_what_they_speak_of() -> None:
    unavailable = DatabaseUnavailableError("database 'd' on h", "refused")
    assert isinstance(unavailable, UowEventsError) and isinstance(unavailable, ConnectionError)
    assert (unavailable.database, unavailable.reason) == ("database 'd' on h", "refused")
    failed = MigrationFailedError("database 'd' on h", "s", "refused")
    assert isinstance(failed, UowEventsError) and isinstance(failed, RuntimeError)
    assert (failed.database, failed.schema, failed.reason) == ("database 'd' on h", "s", "refused")
    assert issubclass(InvalidDsnError, UowEventsError) and issubclass(InvalidDsnError, ValueError)
