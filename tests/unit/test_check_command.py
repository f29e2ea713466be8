"""`uow-events check`: faults by exit code and format, and what names no mediator."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.migrations.command import Run, runner

SOUND = """
from sqlalchemy.ext.asyncio import create_async_engine
from uow_events import Command, Mediator, Registry

class Join(Command): ...
async def join(command: Join) -> None: ...

registry = Registry()
registry.command_handler(join)
engine = create_async_engine("postgresql+asyncpg://u@h/d")
mediator = Mediator(engine, registry)
print("imported")
class Holder:
    inner = mediator
def make() -> Mediator:
    return Mediator(engine, registry)
def make_for(dsn: str) -> Mediator: ...
async def make_later() -> Mediator: ...
def fail() -> Mediator:
    raise ValueError("no DSN")
def make_nothing() -> None: ...
"""
FAULTY = SOUND + (
    """
from typing import Protocol
class Clock(Protocol): ...
class Leave(Command): ...
async def leave(command: Leave, clock: Clock) -> None: ...
registry.command_handler(leave)
class Stay(Command): ...
registry.declare(Join, Leave, Stay)
"""
)
UNBOUND = "it is abstract, and no implementation is bound to it"
UNHANDLED = "this command was declared, and has no handler"
REGISTER = "register one with @registry.command_handler, or include its registry"
App = Callable[[str], None]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(monkeypatch, capsys)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """Write a module `checked_app` into the current folder, which is not on Python's path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(source: str) -> None:
        (tmp_path / "checked_app.py").write_text(source)

    write(SOUND)
    yield write
    sys.modules.pop("checked_app", None)


@pytest.mark.parametrize("name", ["mediator", "make", "Holder.inner"])
def test_a_sound_wiring_is_exit_code_0(name: str, app: App, run: Run) -> None:
    target = f"checked_app:{name}"
    assert run("check", target) == (0, f"The wiring of {target} has no faults.\n", "imported\n")


def test_the_current_folder_is_put_on_pythons_path_once(app: App, run: Run, tmp_path: Path) -> None:
    assert [run("check", "checked_app:mediator").code for _ in range(2)] == [0, 0]
    assert sys.path.count(str(tmp_path)) == 1


@pytest.mark.parametrize(
    ("form", "out"),
    [("json", '{"faults": []}\n'), ("github", "The wiring of checked_app:mediator has no faults.\n")],
)
def test_a_sound_wiring_in_every_format(form: str, out: str, app: App, run: Run) -> None:
    assert run("check", "checked_app:mediator", "--format", form)[:2] == (0, out)


def test_faults_are_told_on_stderr_with_exit_code_1(app: App, run: Run) -> None:
    app(FAULTY)
    assert run("check", "checked_app:mediator") == (
        1,
        "",
        "imported\n"
        "2 fault(s) in the wiring of checked_app:mediator:\n"
        f"  - leave -> Clock: {UNBOUND}; bind one to it in the container\n"
        f"  - Stay: {UNHANDLED}; {REGISTER}\n",
    )


def test_faults_as_json_are_all_of_stdout(app: App, run: Run) -> None:
    app(FAULTY)
    code, out, _ = run("check", "checked_app:mediator", "--format", "json")
    assert code == 1
    assert json.loads(out) == {
        "faults": [
            {"subject": "leave -> Clock", "problem": UNBOUND, "remedy": "bind one to it in the container"},
            {"subject": "Stay", "problem": UNHANDLED, "remedy": REGISTER},
        ]
    }


def test_faults_as_annotations_of_github_are_escaped(app: App, run: Run) -> None:
    app(
        SOUND
        + """
from uow_events import Fault, WiringError
class Strange(Mediator):
    def verify(self):
        raise WiringError([Fault("100%: a, b", "one\\r\\ntwo, three: 5 %", "mend")])
strange = Strange(engine, registry)
"""
    )
    assert run("check", "checked_app:strange", "--format", "github")[:2] == (
        1,
        "::error title=100%25%3A a%2C b::one%0D%0Atwo, three: 5 %25; mend\n",
    )


def test_a_mediator_that_verifies_itself_while_it_is_imported_has_its_faults_told(app: App, run: Run) -> None:
    app(FAULTY + "mediator.verify()\n")
    assert run("check", "checked_app:mediator").code == 1


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("checked_app", "write it as MODULE:MEDIATOR, such as app.main:mediator"),
        (":mediator", "write it as MODULE:MEDIATOR, such as app.main:mediator"),
        ("checked_app:", "write it as MODULE:MEDIATOR, such as app.main:mediator"),
        ("no_such:m", "there is no module 'no_such'; run this where the application is imported from"),
        ("no_such.main:m", "there is no module 'no_such'; run this where the application is imported from"),
        (
            "checked_app.main:m",
            "there is no module 'checked_app.main'; run this where the application is imported from",
        ),
        (
            "checked_app:mediatr",
            "module 'checked_app' has no attribute 'mediatr'; name the mediator, or a function that makes it",
        ),
        (
            "checked_app:Holder.outer",
            "type object 'Holder' has no attribute 'outer'; name the mediator, or a function that makes it",
        ),
        ("checked_app:registry", "it is a Registry; name a Mediator, or a function that makes one"),
        ("checked_app:Mediator", "it is the class Mediator; name a Mediator, or a function that makes one"),
        ("checked_app:make_nothing", "it is a NoneType; name a Mediator, or a function that makes one"),
        ("checked_app:make_for", "missing a required argument: 'dsn'; name a function without parameters"),
        ("checked_app:make_later", "it is async; make the mediator in a plain function"),
        ("checked_app:fail", "calling it raised ValueError: no DSN ({file}, line 20)"),
    ],
)
def test_what_names_no_mediator_is_an_error_of_usage(
    target: str, problem: str, app: App, run: Run, tmp_path: Path
) -> None:
    code, out, err = run("check", target)
    expected = problem.format(file=tmp_path / "checked_app.py")
    assert (code, out, err.removeprefix("imported\n")) == (2, "", f"Error: {target!r} names no mediator: {expected}\n")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import os\n\nDSN = os.environ['NO_SUCH_DSN']", "KeyError: 'NO_SUCH_DSN' ({file}, line 3)"),
        ("import no_such_either", "ModuleNotFoundError: No module named 'no_such_either' ({file}, line 1)"),
        ("raise SystemExit('bye')", "SystemExit: bye ({file}, line 1)"),
        (
            "from uow_events import Registry\nRegistry().command_handler(3)",
            "HandlerSignatureError: The handler int cannot be registered: it is neither a subclass of CommandHandler "
            "nor a function ({file}, line 2)",
        ),
        ("def broken(:", "SyntaxError: invalid syntax (checked_app.py, line 1)"),
    ],
)
def test_an_error_of_the_applications_own_is_told_with_its_line(
    source: str, told: str, app: App, run: Run, tmp_path: Path
) -> None:
    app(source)
    told = told.format(file=tmp_path / "checked_app.py")
    error = f"Error: 'checked_app:mediator' names no mediator: importing checked_app raised {told}\n"
    assert run("check", "checked_app:mediator") == (2, "", error)


def test_an_error_outside_of_the_applications_files_is_told_by_its_last_line(app: App, run: Run) -> None:
    code, out, err = run("check", ".relative:mediator")
    assert (code, out) == (2, "")
    assert err.startswith("Error: '.relative:mediator' names no mediator: importing .relative raised TypeError: ")
    assert "importlib/__init__.py, line " in err


def test_an_error_without_a_line_is_told_without(app: App, run: Run) -> None:
    app(SOUND + "import functools, operator\nfails = functools.partial(operator.index, 'x')\n")
    code, _, err = run("check", "checked_app:fails")
    assert code == 2
    assert err.endswith("raised TypeError: 'str' object cannot be interpreted as an integer\n")
