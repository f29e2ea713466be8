"""What is said about a message beside its content: names and values that every broker can carry."""

import re
from collections.abc import Mapping
from typing import Any

from uow_events.errors import InvalidArgumentError, InvalidHeaderError
from uow_events.messages.text import MAX_NAME_LENGTH, why_not_text

MAX_HEADERS = 64
MAX_VALUE_SIZE = 8192

CORRELATION_ID = "correlationid"
CAUSATION_ID = "causationid"
TYPE_VERSION = "typeversion"
CLOUD_EVENTS = frozenset(
    {
        "specversion",
        "id",
        "source",
        "type",
        TYPE_VERSION,
        "time",
        "datacontenttype",
        "datacontentencoding",
        "dataschema",
        "subject",
    }
)
CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})

_LOWER_CASE = frozenset({CORRELATION_ID, CAUSATION_ID, "traceparent", "tracestate", "baggage"})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_header(name: Any, value: Any) -> None:
    """Make sure that a header can be stored and sent.

    Raises:
        InvalidHeaderError: its name or value is no str, is too long, or holds what a broker cannot carry.
    """
    problem = _why_no_name(name) or _why_no_value(value)
    if problem:
        raise InvalidHeaderError(name, problem)


def check_headers(headers: Any) -> dict[str, str]:
    """Return a copy of headers that can all be stored and sent; those that others know by name get lower case.

    Raises:
        InvalidHeaderError: one is not valid, is an attribute of the message itself, or is there twice, or one too many.
        InvalidArgumentError: it is no mapping.
    """
    _check_mapping(headers)
    checked: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in headers.items():
        check_header(name, value)
        lower = name.lower()
        problem = _why_not_among(lower, seen)
        if problem:
            raise InvalidHeaderError(name, problem)
        seen.add(lower)
        checked[lower if lower in _LOWER_CASE else name] = value
    return checked


def without_credentials(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that may leave the process."""
    return {name: value for name, value in headers.items() if name.lower() not in CREDENTIALS}


def _check_mapping(headers: object) -> None:
    if not isinstance(headers, Mapping):
        raise InvalidArgumentError("headers", f"a mapping of str to str, and is a {type(headers).__name__}")


def _why_no_name(name: Any) -> str | None:
    problem = why_not_text(name)
    if problem:
        return problem
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        return f"its name must have 1 to {MAX_NAME_LENGTH} characters, and has {len(name)}"
    if not _NAME.fullmatch(name):
        return "its name may hold ASCII letters, digits and !#$%&'*+-.^_`|~ only"
    return None


def _why_no_value(value: Any) -> str | None:
    problem = why_not_text(value)
    if problem:
        return problem
    if _CONTROL.search(value):
        return "its value holds a control character, such as a line break, at which brokers end a header"
    size = len(value.encode())
    if size > MAX_VALUE_SIZE:
        return f"its value may have {MAX_VALUE_SIZE} bytes, and has {size}"
    return None


def _why_not_among(name: str, others: set[str]) -> str | None:
    if name in CLOUD_EVENTS:
        return "each message has a CloudEvents attribute of this name, which is not the sender's; choose another name"
    if name in others:
        return "it is given twice; names that differ in upper and lower case only are the same"
    if len(others) == MAX_HEADERS:
        return f"a message may have {MAX_HEADERS} headers, and this is one more"
    return None
