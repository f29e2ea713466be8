import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.meetings.demo.counts import read
from examples.meetings.demo.outbox import OUTBOX
from examples.meetings.domain import Attendance, AuditEntry, Meeting
from examples.meetings.errors import MeetingFull, UserIsBanned
from examples.meetings.messages import BanUser, CancelMeeting, CreateMeeting, JoinMeeting, LeaveMeeting, WaitForSeat
from tests.postgres.admin import assert_pool_clean
from uow_events import Mediator


async def test_fifty_concurrent_sends_for_the_last_seat_give_it_to_one(
    mediator: Mediator, meetings_engine: AsyncEngine
) -> None:
    await mediator.send(CreateMeeting("talk", seats=1))
    joins = [mediator.send(JoinMeeting("talk", f"user-{number}")) for number in range(50)]
    answers = await asyncio.gather(*joins, return_exceptions=True)
    assert [answer for answer in answers if not isinstance(answer, MeetingFull)] == [0]
    found = await read(meetings_engine)
    assert (found["seats left"], found["attendances"], found["outbox: meetings.invitations"]) == (0, 1, 1)
    await assert_pool_clean(meetings_engine)


async def test_a_failure_three_levels_down_undoes_everything(mediator: Mediator, meetings_engine: AsyncEngine) -> None:
    await mediator.send(CreateMeeting("talk", seats=1))
    await mediator.send(BanUser("Mallory"))
    before = await read(meetings_engine)
    with pytest.raises(UserIsBanned) as failure:
        await mediator.send(JoinMeeting("talk", "Mallory"))
    assert str(failure.value) == "Mallory does not get into the building"
    assert failure.value.__notes__ == [
        "uow_events: AdmitToBuilding, handling JoinMeeting -> UserJoined -> AttendanceRegistered -> BadgeOrdered, "
        "failed; everything was rolled back"
    ]
    assert await read(meetings_engine) == before
    await assert_pool_clean(meetings_engine)


async def test_a_seat_that_is_left_goes_to_the_next_in_line_in_the_same_transaction(
    mediator: Mediator, meetings_engine: AsyncEngine
) -> None:
    await mediator.send(CreateMeeting("talk", seats=1))
    assert await mediator.send(JoinMeeting("talk", "Ada")) == 0
    assert await mediator.send(WaitForSeat("talk", "Boris")) == 1
    assert await mediator.send(WaitForSeat("talk", "Chiara")) == 2
    await mediator.send(LeaveMeeting("talk", "Ada"))
    async with mediator.unit_of_work() as uow:
        assert (await uow.session.scalars(select(Attendance.user))).all() == ["Boris"]
        assert (await uow.session.get_one(Meeting, "talk")).seats_left == 0
    assert (await read(meetings_engine))["people waiting"] == 1


async def test_a_refused_successor_undoes_the_leave_too(mediator: Mediator, meetings_engine: AsyncEngine) -> None:
    await mediator.send(CreateMeeting("talk", seats=1))
    await mediator.send(JoinMeeting("talk", "Ada"))
    await mediator.send(BanUser("Mallory"))
    await mediator.send(WaitForSeat("talk", "Mallory"))
    before = await read(meetings_engine)
    with pytest.raises(UserIsBanned):
        await mediator.send(LeaveMeeting("talk", "Ada"))
    assert await read(meetings_engine) == before


async def test_the_audit_hears_every_event_with_keys_from_the_database(
    mediator: Mediator, meetings_engine: AsyncEngine
) -> None:
    await mediator.send(CreateMeeting("talk", seats=1))
    await mediator.send(JoinMeeting("talk", "Ada"))
    async with meetings_engine.connect() as connection:
        entries = (await connection.execute(select(AuditEntry.event, AuditEntry.details).order_by(AuditEntry.id))).all()
        ticket = await connection.scalar(select(Attendance.ticket))
    assert entries == [
        ("MeetingCreated", {"meeting": "talk", "seats": 1}),
        ("UserJoined", {"meeting": "talk", "user": "Ada", "seats_left": 0}),
        ("AttendanceRegistered", {"meeting": "talk", "user": "Ada", "ticket": ticket}),
        ("MeetingFilled", {"meeting": "talk"}),
        ("BadgeOrdered", {"user": "Ada", "ticket": ticket}),
    ]


async def test_a_cancelled_meeting_tells_each_attendee_in_order(
    mediator: Mediator, meetings_engine: AsyncEngine
) -> None:
    await mediator.send(CreateMeeting("talk", seats=3))
    for user in ("Chiara", "Ada", "Boris"):
        await mediator.send(JoinMeeting("talk", user))
    await mediator.send(CancelMeeting("talk"))
    told = (
        select(OUTBOX.c.key, OUTBOX.c.payload).where(OUTBOX.c.topic == "meetings.cancellations").order_by(OUTBOX.c.id)
    )
    async with meetings_engine.connect() as connection:
        rows = (await connection.execute(told)).all()
    assert rows == [
        ("talk", b'{"meeting":"talk","user":"Chiara"}'),
        ("talk", b'{"meeting":"talk","user":"Ada"}'),
        ("talk", b'{"meeting":"talk","user":"Boris"}'),
    ]


def test_the_wiring_has_no_faults(mediator: Mediator) -> None:
    mediator.verify()
