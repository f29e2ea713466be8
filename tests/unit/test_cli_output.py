from datetime import timedelta

import pytest

from uow_events.cli.output import ago, print_json, printable, text_of


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.9, "0s"), (59, "59s"), (60, "1m 0s"), (3_661, "1h 1m"), (90_000, "1d 1h"), (8_640_000, "100d 0h")],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert ago(timedelta(seconds=seconds)) == text


def test_a_payload_that_is_no_text_is_told_in_base64(capsys: pytest.CaptureFixture[str]) -> None:
    assert (text_of("ü".encode()), text_of(b"\xff")) == ("ü", "/w==")
    print_json({"payload": b"\xff"})
    assert capsys.readouterr().out == '{"payload": "/w=="}\n'


def test_control_characters_are_replaced() -> None:
    assert printable("a\x1b[31m\r\nb") == "a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}\nb"


def test_what_has_no_form_in_json_is_an_error_of_ours() -> None:
    with pytest.raises(TypeError, match="has no form in JSON"):
        print_json({"what": object()})
