"""One page: status, place, words, size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.amiss import at
from statuspage.probes.blocked import Blocked
from statuspage.probes.engine import Work
from statuspage.probes.fetch import Answer, Request, fetch
from statuspage.probes.findings import Failure, Finding, Mask
from statuspage.probes.look import Look
from statuspage.probes.parts import combine
from statuspage.probes.place import parse_place
from statuspage.probes.reach import each_address, failed
from statuspage.probes.texts import check_patterns, check_texts
from statuspage.probes.transfer import MAX_BODY


@dataclass(frozen=True)
class Target:
    """What to ask for, and what must be true of the answer.

    expect_status     any of these
    ends_at           where redirects must have led: a path, or an address without its query; "" for the same scheme, host and port
    contains, lacks   words that must, or must not, be in the page; matches, avoids: the same as patterns of RE2
    min_bytes, max_bytes   size of the page after decoding; without texts an empty page fails all the same
    secret_headers    like headers; values are never shown, and never sent to another origin
    ports             further ports that redirects may lead to
    each_address      look at every address behind the name; some of them failing is a partial failure
    ca_file           PEM file of the issuers to trust instead of the machine's
    """

    url: str
    method: Literal["GET", "HEAD"] = "GET"
    expect_status: tuple[int, ...] = (200,)
    follow_redirects: bool = True
    ends_at: str = ""
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    avoids: tuple[str, ...] = ()
    min_bytes: int = 1
    max_bytes: int = MAX_BODY
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ports: tuple[int, ...] = ()
    each_address: bool = False
    ca_file: str = ""
    blocked: Blocked = field(default_factory=Blocked)

    def __post_init__(self) -> None:
        with at("url"):
            parse_place(self.url)
        check_patterns((*self.matches, *self.avoids))
        if not 0 <= self.min_bytes <= self.max_bytes <= MAX_BODY:
            raise ValueError(f"min_bytes {self.min_bytes} and max_bytes {self.max_bytes} must be 0 to {MAX_BODY} and in this order")


def probe(target: Target, look: Look) -> Work[Finding]:
    """One request (or one per address), one finding: no retries. Doubt is the detector's business."""
    deadline = look.deadline()
    if not target.each_address:
        return look.judge_speed((yield from _ask(target, look, deadline, "")))
    host = parse_place(target.url).host
    return look.judge_speed((yield from each_address(host, look, lambda address, _: _ask(target, look, deadline, address))))


def _ask(target: Target, look: Look, deadline: float, address: str) -> Work[Finding]:
    request = Request(
        place=parse_place(target.url),
        method=target.method,
        headers={**target.headers, **target.secret_headers},
        follow=target.follow_redirects,
        address=address,
        ports=frozenset(target.ports),
        ca_file=target.ca_file,
    )
    answer = yield from fetch(request, look, deadline)
    if blocked := target.blocked.finding(answer):
        return blocked
    failure = answer.failure or wrong_status(answer, target.expect_status) or _wrong_place(answer, target) or _wrong_page(answer, target)
    if failure:
        mask = Mask(target.secret_headers.values())
        return failed(Failure(failure.reason, mask(failure.evidence)), answer.phases_ms, answer.latency_ms)
    passed = Finding(Outcome.PASSED, Reason.AS_EXPECTED, answer.phases_ms, answer.latency_ms, f"answered {answer.status}")
    if not answer.unreachable:
        return passed
    return combine([(place, failed(why, {}, None)) for place, why in answer.unreachable] + [("another", passed)])


def wrong_status(answer: Answer, expected: tuple[int, ...]) -> Failure | None:
    if answer.status in expected:
        return None
    allowed = ", ".join(map(str, expected))
    return Failure(Reason.HTTP_STATUS, f"{answer.place.shown} answered {answer.status}; expected {allowed}")


def wrong_place(answer: Answer, ends_at: str) -> Failure | None:
    """ends_at: a path, or an address without its query."""
    here = answer.place.path.split("?", 1)[0] if ends_at.startswith("/") else answer.place.shown
    if here == ends_at:
        return None
    return Failure(Reason.WRONG_PLACE, f"ended at {answer.place.shown}; expected {ends_at}")


def _wrong_place(answer: Answer, target: Target) -> Failure | None:
    asked = parse_place(target.url)
    if answer.place.origin != asked.origin and not target.ends_at.startswith(("http:", "https:")):
        expected = f"{asked.scheme}://{asked.netloc}"
        return Failure(Reason.WRONG_PLACE, f"redirected to {answer.place.shown}; expected to stay on {expected} (ends_at allows another)")
    return wrong_place(answer, target.ends_at) if target.ends_at else None


def _wrong_page(answer: Answer, target: Target) -> Failure | None:
    if target.method == "HEAD":
        return None
    size = len(answer.exchange.body)
    if size == 0 and target.min_bytes > 0:
        return Failure(Reason.BODY_EMPTY, "the page is empty")
    if size > target.max_bytes:
        return Failure(Reason.BODY_TOO_LARGE, f"the page has {size} bytes; at most {target.max_bytes} are expected")
    if wrong := check_texts(answer.text, target.contains, target.lacks, target.matches, target.avoids):
        return wrong
    if size < target.min_bytes:
        return Failure(Reason.TEXT_MISSING, f"the page has {size} bytes; at least {target.min_bytes} are expected")
    return None
