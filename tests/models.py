"""The ORM models of the tests: meetings, who attends them, and what was noted about them."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from uow_events import AggregateRoot


class Base(DeclarativeBase):
    pass


class Meeting(AggregateRoot, Base):
    __tablename__ = "meeting"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    seats: Mapped[int]
    title: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime | None] = mapped_column(onupdate=func.now())
    attendances: Mapped[list["Attendance"]] = relationship(back_populates="meeting")


class Attendance(AggregateRoot, Base):
    __tablename__ = "attendance"
    __table_args__ = (UniqueConstraint("meeting_id", "who", deferrable=True, initially="DEFERRED", name="uq_who"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("meeting.id"))
    who: Mapped[str]
    meeting: Mapped[Meeting] = relationship(back_populates="attendances")


class Note(Base):
    """A row that anybody may write, to see what stays; `text` is unique at once."""

    __tablename__ = "note"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    text: Mapped[str] = mapped_column(unique=True)
