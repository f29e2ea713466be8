"""The domain: meetings with seats, who attends them, who waits, and what is kept beside."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, MetaData, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from examples.meetings.errors import MeetingFull, MeetingIsCancelled, SeatsAvailable
from examples.meetings.messages import MeetingCancelled, MeetingCreated, UserJoined, UserLeft
from uow_events import AggregateRoot

NAME = String(80)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


class Meeting(AggregateRoot, Base):
    """The aggregate: it decides who gets a seat, and records what happened."""

    __tablename__ = "meeting"
    __table_args__ = (CheckConstraint("seats_left >= 0", name="seats_left"),)

    id: Mapped[str] = mapped_column(NAME, primary_key=True)
    seats_left: Mapped[int]
    is_cancelled: Mapped[bool]

    @classmethod
    def plan(cls, id: str, seats: int) -> "Meeting":
        meeting = cls(id=id, seats_left=seats, is_cancelled=False)
        meeting.record(MeetingCreated(id, seats))
        return meeting

    def join(self, user: str) -> int:
        self.check_takes_place()
        if not self.seats_left:
            raise MeetingFull(f"{self.id} has no seat left for {user}")
        self.seats_left -= 1
        self.record(UserJoined(self.id, user, self.seats_left))
        return self.seats_left

    def leave(self, user: str) -> None:
        self.check_takes_place()
        self.seats_left += 1
        self.record(UserLeft(self.id, user))

    def cancel(self) -> None:
        self.check_takes_place()
        self.is_cancelled = True
        self.record(MeetingCancelled(self.id))

    def check_takes_place(self) -> None:
        if self.is_cancelled:
            raise MeetingIsCancelled(f"{self.id} does not take place")

    def check_full(self) -> None:
        if self.seats_left:
            raise SeatsAvailable(f"{self.id} has {self.seats_left} seats left: join it")


class Attendance(Base):
    """Who has a seat; the ticket number comes from the database."""

    __tablename__ = "attendance"
    __table_args__ = (UniqueConstraint("meeting_id", "user"),)

    ticket: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    meeting_id: Mapped[str] = mapped_column(ForeignKey("meeting.id"))
    user: Mapped[str] = mapped_column(NAME)
    since: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class Badge(Base):
    """What lets an attendee into the building."""

    __tablename__ = "badge"

    ticket: Mapped[int] = mapped_column(ForeignKey("attendance.ticket", ondelete="CASCADE"), primary_key=True)


class Waiting(Base):
    """The queue for seats of full meetings."""

    __tablename__ = "waiting"
    __table_args__ = (UniqueConstraint("meeting_id", "user"),)

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    meeting_id: Mapped[str] = mapped_column(ForeignKey("meeting.id"))
    user: Mapped[str] = mapped_column(NAME)


class BannedUser(Base):
    """Who does not get into the building."""

    __tablename__ = "banned_user"

    user: Mapped[str] = mapped_column(NAME, primary_key=True)


class JoinCount(Base):
    """How often a meeting was joined, those who left again included."""

    __tablename__ = "join_count"

    meeting_id: Mapped[str] = mapped_column(ForeignKey("meeting.id"), primary_key=True)
    joins: Mapped[int]


class AuditEntry(Base):
    """One domain event, whichever."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event: Mapped[str] = mapped_column(NAME)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
