"""Columns of what belongs to mail: the list in force, who was sent what, who left. No behaviour; see tables.py for the rules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from statuspage.store.tables import Base


class MailListRow(Base):
    """The list of one account. secret: makes its tags and tokens, 64 hexadecimal digits, for ever the same.

    edition   of the subscribers that count; 0 while no list was ever read. digest: of the file that it came from
    """

    __tablename__ = "mail_list"
    account: Mapped[str] = mapped_column(String(100), primary_key=True)
    secret: Mapped[str] = mapped_column(String(64))
    edition: Mapped[int] = mapped_column(Integer, default=0)
    digest: Mapped[str] = mapped_column(String(64), default="")
    subscribers: Mapped[int] = mapped_column(Integer, default=0)
    read_at: Mapped[datetime]


class MailSubscriberRow(Base):
    """One address of one edition of a list. The only place in the database in which an address stands."""

    __tablename__ = "mail_subscriber"
    account: Mapped[str] = mapped_column(String(100), primary_key=True)
    edition: Mapped[int] = mapped_column(Integer, primary_key=True)
    tag: Mapped[str] = mapped_column(String(32), primary_key=True)
    address: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(16))


class MailRow(Base):
    """Where one delivery stands with one subscriber."""

    __tablename__ = "mail"
    delivery_id: Mapped[str] = mapped_column(String(12), primary_key=True)
    tag: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    doubtful: Mapped[int] = mapped_column(Integer, default=0)  # how often nobody knew whether it had arrived
    due_at: Mapped[datetime | None]
    said: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (Index("ix_mail_state", "delivery_id", "state"),)


class MailLeftRow(Base):
    """Somebody who left a list, known by the tag alone. Kept for ever: no reload of a list brings them back."""

    __tablename__ = "mail_left"
    tag: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
