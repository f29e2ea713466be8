"""What can be stored as text, and what cannot."""

import re

MAX_NAME_LENGTH = 255
MAX_FAILURE_LENGTH = 2000
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


def why_not_text(value: object) -> str | None:
    """Say why PostgreSQL could not store a value as text, or None where it can."""
    if not isinstance(value, str):
        return f"it must be a str, and is a {type(value).__name__}"
    if _UNSTORABLE.search(value):
        return "it holds NUL or a lone surrogate, which cannot be stored as text"
    return None


def why_not_name(value: str) -> str | None:
    """Say why a value cannot be a topic, key or type name, or None where it can."""
    if not value or len(value) > MAX_NAME_LENGTH:
        return f"it must have 1 to {MAX_NAME_LENGTH} characters, and has {len(value)}"
    return why_not_text(value)


def failure_text(error: BaseException) -> str:
    """Return what is stored of a failure: its type and message, at most 2,000 characters, no credentials of URLs."""
    said = _CREDENTIALS.sub("***@", f"{type(error).__name__}: {error}")
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", said)[:MAX_FAILURE_LENGTH]
