"""What was answered: a command's response as bytes, and back as the type that the command promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from uow_events.errors import IdempotencyRequestError, IdempotencyResponseError
from uow_events.mediator.idempotency.request import command_name
from uow_events.mediator.idempotency.restorable import is_model, why_not_restorable
from uow_events.messages import Command, check_finite, type_arguments

KEPT = "_uow_events_codec"


class ResponseCodec:
    """Encodes and decodes the responses of one command type.

    Raises:
        IdempotencyResponseError: the type it promises cannot be restored.
    """

    def __init__(self, command: type) -> None:
        declared = type_arguments(command, Command)
        self._command = command
        self._type: Any = declared[0] if declared else None
        problem = why_not_restorable(self._type)
        if problem:
            raise self._refusal(problem)
        self._decoder = msgspec.json.Decoder(self._type, dec_hook=_to_model)

    def encode(self, response: object) -> bytes:
        """Return a response as bytes that are sure to decode as an equal one.

        Raises:
            IdempotencyResponseError: it is not of the promised type, or would lose something.
        """
        try:
            encoded = _encoder.encode(response)
            if b"null" in encoded:
                check_finite(response, _from_model)
            restored = self._decoder.decode(encoded)
            is_same = bool(restored == response) or _encoder.encode(restored) == encoded
        except Exception as error:
            raise self._refusal(f"the handler returned what cannot be restored ({_kinds(error, response)})") from error
        if not is_same:
            raise self._refusal(f"the handler returned a {type(response).__name__} that would be restored as another")
        return encoded

    def decode(self, encoded: bytes) -> Any:
        """Return a stored response.

        Raises:
            IdempotencyResponseError: the type has changed since it was stored.
        """
        try:
            return self._decoder.decode(encoded)
        except Exception as error:
            raise self._refusal(
                f"what was stored does not fit this type any more ({type(error).__name__}); keep changes of responses "
                "compatible for as long as keys are kept"
            ) from error

    def _refusal(self, problem: str) -> IdempotencyResponseError:
        return IdempotencyResponseError(self._command, self._type, problem)


def codec_of(command: type) -> ResponseCodec:
    """Return the codec of a command type, made once: it is kept with the class, and goes with it.

    Raises:
        IdempotencyResponseError: the type it promises cannot be restored.
    """
    codec: ResponseCodec | None = vars(command).get(KEPT)
    if codec is None:
        codec = ResponseCodec(command)
        setattr(command, KEPT, codec)
    return codec


def faults(command: type) -> Iterator[str]:
    """Say what is in the way of sending a command type with a key, as far as its class shows it."""
    for check in (command_name, codec_of):
        try:
            check(command)
        except (IdempotencyRequestError, IdempotencyResponseError) as error:
            yield str(error)


def _kinds(error: Exception, response: object) -> str:
    # the error's own text may quote the value, and values do not belong in errors
    return f"a {type(response).__name__}: {type(error).__name__}"


def _from_model(value: Any) -> Any:
    if not is_model(value.__class__):
        raise NotImplementedError
    return value.model_dump(mode="json", by_alias=True, round_trip=True)


def _to_model(kind: Any, content: Any) -> Any:
    return kind.model_validate_json(_encoder.encode(content))


_encoder = msgspec.json.Encoder(enc_hook=_from_model, order="sorted")
