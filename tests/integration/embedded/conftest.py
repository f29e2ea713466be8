"""A place for temporary files that has to be empty after each test, with no process in it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.embedded.traces import traces


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short path (for sockets) that every user may enter."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield Path(directory)


@pytest.fixture
def data(directory: Path) -> Path:
    """Where a server may keep its data."""
    return directory / "new" / "data"


@pytest.fixture
def place(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where everything that starts in a test puts its temporary files."""
    place = directory / "tmp"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    assert traces(place) == []
