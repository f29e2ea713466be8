import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from uow_events import BrokerMessage, MessageContext, NotificationError, NotificationEvent
from uow_events.messages import Invocation, Record
from uow_events.outbox.envelope import size_of, to_message

CONTEXT = MessageContext(message_id=UUID(int=1), correlation_id="request-7")


@dataclass
class Joined(NotificationEvent, topic="meetings", key="user", name="user-joined.v1"):
    user: Any


def message(record: Record, context: MessageContext = CONTEXT, limit: int = 100) -> BrokerMessage:
    return to_message(record, context, "meetings-service", limit)


def test_a_notification_becomes_a_message_with_cloudevents_headers() -> None:
    record = Record(Joined("Ann"), None)
    assert message(record) == BrokerMessage(
        id=record.id,
        topic="meetings",
        key="Ann",
        type="user-joined.v1",
        payload=b'{"user":"Ann"}',
        headers={
            "specversion": "1.0",
            "id": str(record.id),
            "source": "meetings-service",
            "type": "user-joined.v1",
            "typeversion": "1",
            "time": record.occurred_at.isoformat(),
            "datacontenttype": "application/json",
            "correlationid": "request-7",
            "causationid": "00000000-0000-0000-0000-000000000001",
        },
        occurred_at=record.occurred_at,
    )


def test_a_follow_up_names_the_event_that_caused_it() -> None:
    cause = Record(Joined("Ann"), None, Invocation("Join", "JoinHandler", None))
    follow_up = Record(Joined("Bob"), None, Invocation("Joined", "react", None, cause))
    assert message(follow_up).headers["causationid"] == str(cause.id)
    assert message(cause).headers["causationid"] == str(CONTEXT.message_id)


def test_the_senders_headers_go_along_and_credentials_do_not() -> None:
    given = {"Traceparent": "00-1-1-01", "tracestate": "a=b", "Tenant": "t", "Authorization": "secret", "cookie": "s"}
    context = MessageContext(headers=given)
    headers = message(Record(Joined("Ann"), None), context).headers
    own = {
        "specversion",
        "id",
        "source",
        "type",
        "typeversion",
        "time",
        "datacontenttype",
        "correlationid",
        "causationid",
    }
    assert {name: value for name, value in headers.items() if name not in own} == {
        "traceparent": "00-1-1-01",
        "tracestate": "a=b",
        "Tenant": "t",
    }
    assert headers["correlationid"] == str(context.message_id)


def test_the_size_of_a_message_counts_its_headers() -> None:
    small, large = (message(Record(Joined("Ann"), None), MessageContext(headers=given)) for given in ({}, {"a": "bc"}))
    assert size_of(large) == size_of(small) + 3


def test_a_message_may_have_as_many_bytes_as_the_limit() -> None:
    assert json.loads(message(Record(Joined("x" * 89), None)).payload) == {"user": "x" * 89}


def test_a_message_over_the_limit_is_refused() -> None:
    with pytest.raises(NotificationError) as caught:
        message(Record(Joined("é" * 45), None))
    assert str(caught.value) == (
        "The notification event Joined cannot be published: it takes 101 bytes, and max_message_size is 100: send a "
        "reference instead"
    )
