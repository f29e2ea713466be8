"""Finds SQL text that would end or begin a transaction."""

import re
from collections.abc import Iterator

_NOISE = re.compile(r"(?:[\s;]+|--[^\r\n]*)+")
_WORD = re.compile(r"[^\W\d]\w*")
_COMMENT_MARK = re.compile(r"/\*|\*/")
_ALONE = frozenset({"COMMIT", "ABORT", "END", "BEGIN", "ROLLBACK"})
_BEFORE_TRANSACTION = frozenset({"START", "PREPARE"})
_FILLERS = frozenset({"WORK", "TRANSACTION"})


def transaction_control(statement: str) -> str | None:
    """Return the words of a statement that would end or begin the transaction, or None where it is any other.

    ROLLBACK TO, SAVEPOINT and RELEASE belong to savepoints and are none. Comments before and between the words are
    skipped, as PostgreSQL skips them.
    """
    words = _words(statement)
    first = next(words, "")
    if first in _BEFORE_TRANSACTION:
        return f"{first} TRANSACTION" if next(words, "") == "TRANSACTION" else None
    if first not in _ALONE:
        return None
    following = next((word for word in words if word not in _FILLERS), "")
    return None if first == "ROLLBACK" and following == "TO" else first


def _words(statement: str) -> Iterator[str]:
    position = _after_noise(statement, 0)
    while word := _WORD.match(statement, position):
        yield word[0].upper()
        position = _after_noise(statement, word.end())


def _after_noise(statement: str, position: int) -> int:
    while True:
        noise = _NOISE.match(statement, position)
        if noise:
            position = noise.end()
        elif statement.startswith("/*", position):
            position = _after_comment(statement, position)
        else:
            return position


def _after_comment(statement: str, position: int) -> int:
    depth = 0
    for mark in _COMMENT_MARK.finditer(statement, position):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return len(statement)
