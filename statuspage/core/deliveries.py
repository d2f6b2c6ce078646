"""One notice on one channel: the row of the ledger, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode


@dataclass(frozen=True)
class Delivery:
    """One row of the ledger.

    text       final words, frozen with the update; text_alone: the same as a post that stands alone (self-contained root)
    story      for mode edit: the whole text of the post after this update (story so far); frozen too
    code       marker: unique per update and channel; in the text as {page}/u/CODE or "Ref CODE"
    key        idempotency key = f(delivery id, epoch); epoch rises only after the post is proven absent
    request    the complete request, frozen at the intent commit (reply ids, record key, createdAt); None before
    boot_id, first_monotonic, first_boottime   clocks at the first attempt of this epoch; trusted only within one boot and process
    error_class   class of reference `ok, retry, throttled, ambiguous, duplicate, reauth, content, denied, billing, gone`
    seal       HMAC over what may be sent; the dispatcher refuses a row whose seal is wrong
    """

    id: str
    notice_id: str
    subject_kind: SubjectKind
    subject_id: str
    sequence: int
    kind: NoticeKind
    channel: str
    account: str
    network: str
    language: str
    mode: UpdateMode
    text: str
    text_alone: str
    story: str
    code: str
    digest: str
    state: DeliveryState
    created_at: datetime
    not_before: datetime | None = None
    valid_until: datetime | None = None
    essential: bool = False
    epoch: int = 1
    attempts: int = 0
    key: str = ""
    request: Mapping[str, Any] | None = None
    process_id: str = ""  # identity of the process run that made the first attempt of this epoch
    first_attempt_at: datetime | None = None
    first_monotonic: float | None = None
    first_boottime: float | None = None
    last_attempt_at: datetime | None = None
    next_attempt_at: datetime | None = None
    remote_id: str | None = None
    remote: Mapping[str, Any] = field(default_factory=dict)  # everything else that the network's next request needs: uri, cid, root
    url: str | None = None
    error_class: str | None = None
    detail: str = ""
    settled_at: datetime | None = None
    seal: str = ""

    @property
    def thread(self) -> tuple[SubjectKind, str, str]:
        return self.subject_kind, self.subject_id, self.channel
