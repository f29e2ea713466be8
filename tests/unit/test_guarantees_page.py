"""The page of guarantees names tests that exist, in the files it says."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`((?:[\w/]*/)?test_\w+\.py)?(?:::)?(test_\w+)?`")


def test_every_file_named_on_the_page_exists() -> None:
    files = {file for file, _ in named()}
    assert len(files) > 30
    assert [file for file in files if not path_of(file).is_file()] == []


def test_every_test_named_on_the_page_exists_in_its_file() -> None:
    tests = [(file, test) for file, test in named() if test]
    assert len(tests) > 30
    assert [(file, test) for file, test in tests if f"def {test}(" not in source_of(file)] == []


def named() -> Iterator[tuple[str, str]]:
    """The files and tests in the order of the page; a test without a file is in that named last on its line."""
    for line in PAGE.splitlines():
        last = ""
        for file, test in NAMED.findall(line):
            last = file or last
            if file or test:
                yield last, test


def path_of(file: str) -> Path:
    return ROOT / file if file.startswith("tests/") else ROOT / "tests" / "integration" / file


def source_of(file: str) -> str:
    return path_of(file).read_text(encoding="utf-8") if path_of(file).is_file() else ""
