"""The words of the domain. Each value is the same string in enum, column, JSON and CSS class.

Values that customers' tools read are those of Statuspage's public API.
"""

from __future__ import annotations

from enum import StrEnum


class ComponentStatus(StrEnum):
    """What a component shows. UNKNOWN is ours: nobody sees the component; the public API has no word for it."""

    OPERATIONAL = "operational"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"
    UNKNOWN = "unknown"


# From worst to best. Planned work never hides a failure; not knowing is worse than knowing that all is well.
GRAVITY: tuple[ComponentStatus, ...] = (
    ComponentStatus.MAJOR_OUTAGE,
    ComponentStatus.PARTIAL_OUTAGE,
    ComponentStatus.DEGRADED_PERFORMANCE,
    ComponentStatus.UNDER_MAINTENANCE,
    ComponentStatus.UNKNOWN,
    ComponentStatus.OPERATIONAL,
)


class IncidentStatus(StrEnum):
    """Where an incident stands."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    POSTMORTEM = "postmortem"


class MaintenanceStatus(StrEnum):
    """Where planned work stands."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    VERIFYING = "verifying"
    COMPLETED = "completed"


class Impact(StrEnum):
    """How much an incident hurts customers; also the page's indicator."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class SubjectKind(StrEnum):
    """What a notice speaks about. ALARM is for operators only and reaches no public channel."""

    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    WARNING = "warning"
    ALARM = "alarm"


class NoticeKind(StrEnum):
    """Which text of the catalogue a notice speaks: the keys of `notice:` in notices.yaml. ALARM has no public text."""

    INVESTIGATING = "investigating"
    UPDATE = "update"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    RESOLVED_AUTO = "resolved_auto"
    REOPENED = "reopened"
    POSTMORTEM = "postmortem"
    PLANNED = "planned"
    PLANNED_STARTED = "planned_started"
    PLANNED_LONGER = "planned_longer"
    PLANNED_OVERDUE = "planned_overdue"
    PLANNED_DONE = "planned_done"
    PLANNED_CANCELLED = "planned_cancelled"
    CORRECTION = "correction"
    FRAUD_WARNING = "fraud_warning"
    ALARM = "alarm"

    @property
    def phase(self) -> str:
        """The word for where things stand: a key of `phase_name:` in notices.yaml. For most kinds it is their own name."""
        return _PHASES.get(self, self.value)


_PHASES = {
    NoticeKind.UPDATE: "investigating",
    NoticeKind.RESOLVED_AUTO: "resolved",
    NoticeKind.PLANNED: "scheduled",
    NoticeKind.PLANNED_STARTED: "in_progress",
    NoticeKind.PLANNED_LONGER: "in_progress",
    NoticeKind.PLANNED_OVERDUE: "in_progress",
    NoticeKind.PLANNED_DONE: "completed",
}


class Form(StrEnum):
    """The forms in which a notice is worded."""

    TITLE = "title"
    PAGE = "page"
    SHORT = "short"
    SMS = "sms"
    VOICE = "voice"


class Outcome(StrEnum):
    """What one check said about its target."""

    PASSED = "passed"
    FAILED = "failed"
    DEGRADED = "degraded"
    ACCOUNT_PROBLEM = "account_problem"
    BLOCKED = "blocked"
    NO_DATA = "no_data"

    @property
    def counts(self) -> bool:
        """True if the outcome says something about the target; the rest concerns our own side."""
        return self in (Outcome.PASSED, Outcome.FAILED, Outcome.DEGRADED)


class Reason(StrEnum):
    """Why a check ended as it did; machine-readable, one per thing that an engineer would do differently."""

    AS_EXPECTED = "as_expected"
    DNS_NXDOMAIN = "dns_nxdomain"
    DNS_SERVFAIL = "dns_servfail"
    DNS_TIMEOUT = "dns_timeout"
    DNS_NO_ANSWER = "dns_no_answer"
    DNS_WRONG_ANSWER = "dns_wrong_answer"
    DNS_BOGUS = "dns_bogus"
    ADDRESS_DENIED = "address_denied"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECT_UNREACHABLE = "connect_unreachable"
    CONNECTION_RESET = "connection_reset"
    TLS_EXPIRED = "tls_expired"
    TLS_EXPIRES_SOON = "tls_expires_soon"
    TLS_WRONG_HOST = "tls_wrong_host"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_WEAK = "tls_weak"
    TLS_FAULT = "tls_fault"
    READ_TIMEOUT = "read_timeout"
    HTTP_STATUS = "http_status"
    HTTP_PROTOCOL = "http_protocol"
    WRONG_PLACE = "wrong_place"
    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_REFUSED = "redirect_refused"
    TEXT_MISSING = "text_missing"
    TEXT_FORBIDDEN = "text_forbidden"
    VALUE_MISSING = "value_missing"
    VALUE_WRONG = "value_wrong"
    BODY_EMPTY = "body_empty"
    BODY_TOO_LARGE = "body_too_large"
    BODY_UNREADABLE = "body_unreadable"
    HEADERS_TOO_LARGE = "headers_too_large"
    TOO_SLOW = "too_slow"
    SOME_ADDRESSES = "some_addresses"
    CREDENTIALS_REFUSED = "credentials_refused"
    SIGN_IN_UNAVAILABLE = "sign_in_unavailable"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    BLOCKED_AS_BOT = "blocked_as_bot"
    UNKNOWN_OUTCOME = "unknown_outcome"
    LOCATION_BLIND = "location_blind"
    PROBER_FAULT = "prober_fault"
    PAUSED = "paused"


class DeliveryState(StrEnum):
    """Where one notice stands on one channel. See docs/delivery.md for what moves it."""

    WAITING = "waiting"
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    STUCK = "stuck"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"

    @property
    def final(self) -> bool:
        """True if nothing moves it any more by itself or by a person."""
        return self in (DeliveryState.DELIVERED, DeliveryState.REFUSED, DeliveryState.SUPERSEDED, DeliveryState.WITHDRAWN)


class UpdateMode(StrEnum):
    """How the second and later notices of a thread appear on a channel."""

    REPLY = "reply"
    EDIT = "edit"
    NEW = "new"


class LinkMode(StrEnum):
    """Which posts of a thread carry the verification address; the others carry 'Ref CODE'."""

    EVERY = "every"
    FIRST = "first"
    NEVER = "never"


class Source(StrEnum):
    """Where a component status change came from."""

    VERDICT = "verdict"
    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    PERSON = "person"


class Role(StrEnum):
    """What a person may do in the console."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"
