"""Finds SQL text that would end or begin a transaction."""

import re

_NOISE = re.compile(r"(?:[\s;]+|--[^\n]*(?:\n|\Z))+")
_CONTROL = re.compile(
    r"(COMMIT|ROLLBACK|ABORT|END|BEGIN|START\s+TRANSACTION|PREPARE\s+TRANSACTION)\b(?!\s+(?:WORK\s+|TRANSACTION\s+)?TO\b)",
    re.IGNORECASE,
)


def transaction_control(statement: str) -> str | None:
    """Return the words of a statement that would end or begin the transaction, or None where it is any other.

    ROLLBACK TO, SAVEPOINT and RELEASE belong to savepoints and are none. Comments before the words are skipped, as
    PostgreSQL skips them.
    """
    found = _CONTROL.match(statement, _after_noise(statement))
    return " ".join(found[1].upper().split()) if found else None


def _after_noise(statement: str) -> int:
    position = 0
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
    for mark in re.finditer(r"/\*|\*/", statement[position:]):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return position + mark.end()
    return len(statement)
