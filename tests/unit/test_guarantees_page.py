"""The page of guarantees names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")


def test_every_file_named_on_the_page_exists() -> None:
    files = set(re.findall(r"`((?:tests/)?[\w/]*test_\w+\.py)", PAGE))
    assert files
    assert [name for name in files if not path_of(name).is_file()] == []


def test_every_test_named_on_the_page_exists() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    names = set(re.findall(r"\b(test_\w+)(?!\w*\.py)\b(?!\.py)", PAGE))
    assert names
    assert [name for name in names if f"def {name}(" not in source and not is_file_name(name)] == []


def path_of(name: str) -> Path:
    return ROOT / name if name.startswith("tests/") else ROOT / "tests" / "integration" / name


def is_file_name(name: str) -> bool:
    return any((ROOT / "tests").rglob(f"{name}.py"))
