"""What was sent: the name of a command's type, and a hash of its content that is the same in every process."""

from __future__ import annotations

import sys
from hashlib import sha256
from typing import Any

import msgspec

from uow_events.errors import IdempotencyRequestError
from uow_events.messages import check_finite
from uow_events.messages.text import MAX_NAME_LENGTH


def request_hash(command: object) -> bytes:
    """Return the SHA-256 of a command's content as JSON, with fields, keys and sets in sorted order.

    Raises:
        IdempotencyRequestError: it holds something that JSON cannot carry, NaN and infinity among it.
    """
    try:
        encoded = _encoder.encode(command)
        if b"null" in encoded:
            check_finite(command, _content_of)
    except Exception as error:
        # the encoder's message may quote the value, and values do not belong in errors
        raise IdempotencyRequestError(
            type(command), f"its content cannot be encoded as JSON in one way only ({type(error).__name__})"
        ) from error
    return sha256(encoded).digest()


def command_name(command: type) -> str:
    """Return the name that a command's keys are stored under: its module and its name in there.

    Raises:
        IdempotencyRequestError: it is longer than the column.
    """
    name = f"{command.__module__}.{command.__qualname__}"
    if len(name) > MAX_NAME_LENGTH:
        raise IdempotencyRequestError(
            command, f"module and name together take {len(name)} characters, and {MAX_NAME_LENGTH} can be stored"
        )
    return name


def _content_of(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return dict(value)  # a model's own serializers may mask what tells two requests apart
    if hasattr(value, "get_secret_value"):
        return value.get_secret_value()
    pydantic_core = sys.modules.get("pydantic_core")
    if pydantic_core is not None:
        return pydantic_core.to_jsonable_python(value)
    raise NotImplementedError


_encoder = msgspec.json.Encoder(enc_hook=_content_of, order="sorted")
