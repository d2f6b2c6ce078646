"""Columns, keys, constraints; no behaviour. The same on SQLite and PostgreSQL 15.

Ids are 12 lower-case letters and digits, made by the randomness port. Times are aware UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Boolean, Float, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from statuspage.store.types import Moment

# SQLite gives row ids only to INTEGER, PostgreSQL needs the room of BIGINT.
RowId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Moment, dict[str, Any]: JSON, list[Any]: JSON}


# --- what was seen ---------------------------------------------------------------------------------------------------


class CheckRow(Base):
    """Raw check results, kept a short time. Unique by (location, probe, sequence): a repeat changes nothing."""

    __tablename__ = "check_result"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    probe: Mapped[str] = mapped_column(String(100))
    location: Mapped[str] = mapped_column(String(100))
    sequence: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(64))
    latency_ms: Mapped[float | None] = mapped_column(Float)
    phases_ms: Mapped[dict[str, Any]]
    evidence: Mapped[str] = mapped_column(Text, default="")
    partial: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = (UniqueConstraint("location", "probe", "sequence"), Index("ix_check_result_probe_at", "probe", "at"))


class RollupRow(Base):
    """Checks of one probe from one location over an hour or a (local) day."""

    __tablename__ = "check_rollup"
    probe: Mapped[str] = mapped_column(String(100), primary_key=True)
    location: Mapped[str] = mapped_column(String(100), primary_key=True)
    period: Mapped[str] = mapped_column(String(8), primary_key=True)  # "hour" | "day"
    start: Mapped[datetime] = mapped_column(primary_key=True)
    counts: Mapped[dict[str, Any]]  # outcome -> number
    histogram: Mapped[list[Any]]  # numbers per bucket; bounds in statuspage.core.rollups
    up_s: Mapped[int] = mapped_column(Integer)
    down_s: Mapped[int] = mapped_column(Integer)
    no_data_s: Mapped[int] = mapped_column(Integer)


class DetectorRow(Base):
    """The detector's memory of one probe at one location, and how far it has read."""

    __tablename__ = "detector"
    probe: Mapped[str] = mapped_column(String(100), primary_key=True)
    location: Mapped[str] = mapped_column(String(100), primary_key=True)
    state: Mapped[dict[str, Any]]
    last_check_id: Mapped[int] = mapped_column(BigInteger, default=0)
    updated_at: Mapped[datetime]


class ComponentRow(Base):
    """A component once configured; kept when it is removed, so that its history keeps its name. `id` is the public API's."""

    __tablename__ = "component"
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    is_group: Mapped[bool] = mapped_column(Boolean, default=False)
    private: Mapped[bool] = mapped_column(Boolean, default=False)  # as it was configured last: a removed one stays what it was
    names: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class ComponentChangeRow(Base):
    """The append-only timeline: what a component showed from when on. Backfill adds rows, it changes none."""

    __tablename__ = "component_status_change"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    slug: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str | None] = mapped_column(String(12))
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    __table_args__ = (Index("ix_component_status_change_slug_effective", "slug", "effective_at"),)


# --- what happened and what was said ---------------------------------------------------------------------------------


class IncidentRow(Base):
    __tablename__ = "incident"
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    titles: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(32))
    impact: Mapped[str] = mapped_column(String(16))
    components: Mapped[dict[str, Any]]  # slug -> status
    automatic: Mapped[bool] = mapped_column(Boolean)
    drill: Mapped[bool] = mapped_column(Boolean, default=False)
    symptom: Mapped[str] = mapped_column(String(64))
    scheme: Mapped[str | None] = mapped_column(String(64))
    cause: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    started_at: Mapped[datetime]
    next_update_by: Mapped[datetime | None]
    occurred_at: Mapped[datetime | None]
    first_failed_at: Mapped[datetime | None]
    detected_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    first_published_at: Mapped[datetime | None]
    first_reported_at: Mapped[datetime | None]
    restored_at: Mapped[datetime | None]
    backlog_cleared_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)
    __table_args__ = (Index("ix_incident_status", "status"), Index("ix_incident_started_at", "started_at"))


class MaintenanceRow(Base):
    __tablename__ = "maintenance"
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    titles: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(32))
    components: Mapped[list[Any]]
    symptom: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    scheduled_for: Mapped[datetime]
    scheduled_until: Mapped[datetime]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    cancelled: Mapped[bool] = mapped_column(Boolean, default=False)
    drill: Mapped[bool] = mapped_column(Boolean, default=False)
    next_update_by: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)


class UpdateRow(Base):
    """One dated statement about an incident, planned work or a warning. Only ever added."""

    __tablename__ = "incident_update"
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(12))
    sequence: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(32))
    texts: Mapped[dict[str, Any]]  # language -> page text
    facts: Mapped[dict[str, Any]]  # the values it was worded from
    affected: Mapped[list[Any]]  # [slug, old status, new status]
    author: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    corrects: Mapped[int | None] = mapped_column(Integer)
    next_update_by: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    promise_kept_at: Mapped[datetime | None]  # when the next update came; late if after next_update_by
    created_at: Mapped[datetime]
    display_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id", "sequence"),)


class NoticeRow(Base):
    __tablename__ = "notice"
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(12))
    sequence: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    next_update_by: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    drill: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id", "sequence"),)


class DeliveryRow(Base):
    """The ledger: one row per notice and channel."""

    __tablename__ = "delivery"
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    notice_id: Mapped[str] = mapped_column(String(12), ForeignKey("notice.id"))
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(12))
    sequence: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(100))
    account: Mapped[str] = mapped_column(String(100))
    network: Mapped[str] = mapped_column(String(50))
    language: Mapped[str] = mapped_column(String(16))
    mode: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    text_alone: Mapped[str] = mapped_column(Text)
    story: Mapped[str] = mapped_column(Text, default="")
    code: Mapped[str] = mapped_column(String(16), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    essential: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    epoch: Mapped[int] = mapped_column(Integer, default=1)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    key: Mapped[str] = mapped_column(String(64), default="")
    request: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    process_id: Mapped[str] = mapped_column(String(64), default="")
    first_attempt_at: Mapped[datetime | None]
    first_monotonic: Mapped[float | None] = mapped_column(Float)
    first_boottime: Mapped[float | None] = mapped_column(Float)
    last_attempt_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime | None]
    remote_id: Mapped[str | None] = mapped_column(Text)
    remote: Mapped[dict[str, Any]]
    url: Mapped[str | None] = mapped_column(Text)
    error_class: Mapped[str | None] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None]
    seal: Mapped[str] = mapped_column(String(64), default="")
    __table_args__ = (
        UniqueConstraint("notice_id", "channel"),
        Index("ix_delivery_thread", "subject_kind", "subject_id", "channel", "sequence"),
        Index("ix_delivery_state", "state", "account"),
    )


class AttemptRow(Base):
    """Every attempt, look-up and decision about a delivery, in order: its whole story. Only ever added."""

    __tablename__ = "delivery_attempt"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    delivery_id: Mapped[str] = mapped_column(String(12), ForeignKey("delivery.id"), index=True)
    epoch: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    act: Mapped[str] = mapped_column(String(16))  # send | edit | find | decide
    outcome: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text, default="")


class AccountRow(Base):
    """What is remembered of a login at a network: breaker, stop, fresh credentials (sealed)."""

    __tablename__ = "account"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    open_until: Mapped[datetime | None]
    stopped: Mapped[str] = mapped_column(Text, default="")  # reason; "" while it may be used
    held_for: Mapped[str] = mapped_column(String(64), default="")  # mark of the configuration that was refused; "" if a trial ends the stop
    paused_until: Mapped[datetime | None]  # what the network asked the whole account to wait
    credentials: Mapped[bytes | None] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime]


class FirstAcceptedRow(Base):
    """When each network first accepted a post about an incident."""

    __tablename__ = "first_accepted"
    subject_id: Mapped[str] = mapped_column(String(12), primary_key=True)
    network: Mapped[str] = mapped_column(String(50), primary_key=True)
    at: Mapped[datetime]


class AlarmRow(Base):
    """Something that a person of the bank must look at. One open row per key."""

    __tablename__ = "alarm"
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), index=True)
    text: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]


# --- who and how -----------------------------------------------------------------------------------------------------


class PersonRow(Base):
    __tablename__ = "person"
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class SessionRow(Base):
    """A signed-in browser. Only a hash of its token is kept."""

    __tablename__ = "session"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(12), ForeignKey("person.id"))
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignInLinkRow(Base):
    """A link that signs in once."""

    __tablename__ = "sign_in_link"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(12), ForeignKey("person.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SwitchRow(Base):
    """The off switches: 'posting' and 'probing'."""

    __tablename__ = "switch"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    off: Mapped[bool] = mapped_column(Boolean, default=False)
    by: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


class AuditRow(Base):
    """Who did what, when; each row carries the hash of the one before it."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200), default="")
    detail: Mapped[dict[str, Any]]
    hash: Mapped[str] = mapped_column(String(64))


class ConfigurationRow(Base):
    """Each accepted configuration; the newest generation is the one that runs."""

    __tablename__ = "configuration"
    generation: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    accepted_at: Mapped[datetime]


class PublicationRow(Base):
    """The newest generation of published files that anybody began to write."""

    __tablename__ = "publication"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    generation: Mapped[int] = mapped_column(BigInteger)
    content_digest: Mapped[str] = mapped_column(String(64), default="")
    at: Mapped[datetime]


class CardRow(Base):
    """A picture of a delivery's words that is out on the public page. digest: of the words that it shows."""

    __tablename__ = "card"
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class ReportRow(Base):
    """How many customers said in one minute that they have a problem. Nothing in it is about a person."""

    __tablename__ = "report"
    component: Mapped[str] = mapped_column(String(100), primary_key=True)
    symptom: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)  # the minute
    number: Mapped[int] = mapped_column(Integer)


class OtpStepRow(Base):
    """The newest one-time-code step used for a test account: never used twice."""

    __tablename__ = "otp_step"
    account: Mapped[str] = mapped_column(String(200), primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger)


class CounterRow(Base):
    """Counts that several processes add to: late checks, broken promises, time-to-verdict sums. Read by the metrics page."""

    __tablename__ = "counter"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    labels: Mapped[str] = mapped_column(String(300), primary_key=True, default="")
    value: Mapped[float] = mapped_column(Float, default=0.0)


class HeartbeatRow(Base):
    """When each loop last did real work; the health answer reads it."""

    __tablename__ = "heartbeat"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    process_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]
