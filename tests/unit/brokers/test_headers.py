"""The headers of a message, before they go to a broker."""

from dataclasses import replace

from uow_events.brokers.faststream.headers import to_headers
from uow_events.brokers.faststream.nats import percent_encoded
from uow_events.testing import make_message


def test_attributes_get_the_prefix_and_other_headers_keep_their_names() -> None:
    message = replace(make_message("t", b""), headers={"id": "1", "subject": "s", "tenant": "t", "traceparent": "00"})
    assert to_headers(message, "ce_") == {"ce_id": "1", "ce_subject": "s", "tenant": "t", "traceparent": "00"}


def test_an_attribute_comes_before_a_senders_header_of_its_name() -> None:
    headers = {"ce_id": "forged", "content-type": "text/plain", "id": "1", "datacontenttype": "application/json"}
    message = replace(make_message("t", b""), headers=headers)
    assert to_headers(message, "ce_") == {"ce_id": "1", "content-type": "application/json"}


def test_the_key_is_the_attribute_partitionkey_where_the_broker_has_no_place_for_it() -> None:
    message = replace(make_message("t", b"", key="k"), headers={})
    assert to_headers(message, "ce-", encode=str.upper) == {"ce-partitionkey": "K"}
    assert to_headers(message, "ce_", has_key=False) == {}


def test_every_printable_character_but_space_quote_and_percent_stays() -> None:
    printable = "".join(map(chr, range(0x21, 0x7F)))
    kept = printable.replace('"', "").replace("%", "")
    assert percent_encoded(kept) == kept
    assert percent_encoded('Euro € 😀 "%"') == "Euro%20%E2%82%AC%20%F0%9F%98%80%20%22%25%22"
