"""A message from a broker: which one it is, what can be read of it, and what is passed on."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from uow_events import ReceivedMessage, UnreadableMessageError
from uow_events.messages import Delivered, check_headers

ATTRIBUTES = {"id": "7", "source": "shop", "type": "placed", "time": "2026-01-01T00:00:00+00:00", "typeversion": "2"}


def received(**attributes: str) -> ReceivedMessage:
    return ReceivedMessage.of({**ATTRIBUTES, **attributes}, topic="orders", payload=b"{}", key="k")


def test_the_attributes_say_what_it_is() -> None:
    message = received()
    assert (message.id, message.source, message.type, message.version) == ("7", "shop", "placed", 2)
    assert (message.topic, message.payload, message.key) == ("orders", b"{}", "k")
    assert message.occurred_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_message_without_a_version_is_of_version_1_and_one_without_a_time_of_now() -> None:
    before = datetime.now(UTC)
    message = ReceivedMessage.of({"id": "7", "source": "s", "type": "t"}, topic="", payload=b"")
    assert message.version == 1
    assert before <= message.occurred_at <= datetime.now(UTC)
    assert received(time="2026-01-01T00:00:00").occurred_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (
            {"id": ""},
            "The message of type 'placed' cannot be read: of its CloudEvents attribute 'id', it must",
        ),
        ({"source": "x" * 256}, "of its CloudEvents attribute 'source', it must have 1 to 255 characters, and has 256"),
        ({"type": ""}, "The message cannot be read: of its CloudEvents attribute 'type', it must have 1 to 255"),
        ({"typeversion": "0"}, "its attribute 'typeversion' is no integer from 1"),
        ({"typeversion": "\u00b2"}, "its attribute 'typeversion' is no integer from 1"),
        ({"typeversion": "9" * 5000}, "its attribute 'typeversion' is no integer from 1"),
    ],
)
def test_a_message_that_does_not_say_what_it_is_is_refused(wrong: dict[str, str], problem: str) -> None:
    with pytest.raises(UnreadableMessageError) as refused:
        received(**wrong)
    assert problem in str(refused.value)


def test_an_unreadable_message_has_the_same_id_at_every_delivery() -> None:
    def unreadable(payload: bytes = b"{}", **attributes: str) -> ReceivedMessage:
        return ReceivedMessage.unreadable(attributes, topic="orders", payload=payload)

    one = unreadable(a="1", b="2")
    assert one.id == unreadable(b="2", a="1").id
    assert len({one.id, unreadable(a="1").id, unreadable(b"", a="1", b="2").id}) == 3
    assert (one.type, one.source, one.version) == ("", "", 1)
    assert unreadable(type="placed").type == "placed"
    assert unreadable(type="\0").type == ""


def test_its_id_is_a_uuid_of_its_own_or_one_made_of_source_and_id() -> None:
    own = UUID(int=7)
    assert received(id=str(own)).event_id == own
    assert received().event_id == received().event_id == Delivered("any", "7", "shop").event_id
    assert received().event_id != received(source="other").event_id


def test_what_is_passed_on_are_headers_that_can_be_sent() -> None:
    given = {"correlationid": "c", "Tenant": "a", "tenant": "b", "bad name": "x", "line": "a\nb", "big": "x" * 9000}
    assert received(**given).headers == {"correlationid": "c", "tenant": "a"}
    many = received(**{f"h{number}": "x" for number in range(70)}).headers
    assert len(many) == 64
    assert check_headers(many) == many


def test_its_content_is_not_in_its_representation() -> None:
    assert "secret" not in repr(ReceivedMessage.of({**ATTRIBUTES, "secret": "secret"}, topic="", payload=b"secret"))
