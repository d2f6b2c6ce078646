"""What a receiver of signed webhooks takes and what it refuses: the one that the demonstration runs, as an operator's own would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from statuspage.demo.networks.accounts import OLD_SIGNING_SECRET, SIGNING_SECRET
from statuspage.demo.networks.server import RunningNetworks, running_networks

NOW = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)  # by the receiver's clock
FOREIGN = "whsec_" + base64.b64encode(b"a secret that the receiver never heard of").decode()


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNetworks]:
    with running_networks(tmp_path_factory.mktemp("networks"), lambda: NOW) as running:
        yield running


@dataclass(frozen=True)
class Event:
    """One event as it travels. secrets: all of them sign; version: of the signatures; sent_*: what was changed on the way."""

    number: str
    at: datetime = NOW
    text: str = "Cards do not work."
    secrets: tuple[str, ...] = (SIGNING_SECRET,)
    version: str = "v1"
    sent_number: str = ""
    sent_text: str = ""
    sent_at: datetime | None = None


def body_of(text: str) -> bytes:
    return json.dumps({"type": "alarm", "data": {"text": text, "language": "en"}}).encode()


def arrive(networks: RunningNetworks, event: Event) -> int:
    """Status of the answer."""
    moment = str(int(event.at.timestamp()))
    signed = f"{event.number}.{moment}.".encode() + body_of(event.text)
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in event.secrets]
    marks = [f"{event.version},{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}" for key in keys]
    headers = {
        "webhook-id": event.sent_number or event.number,
        "webhook-timestamp": str(int((event.sent_at or event.at).timestamp())),
        "webhook-signature": " ".join(marks),
    }
    request = urllib.request.Request(f"{networks.url}/webhook/hook", body_of(event.sent_text or event.text), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


CASES = {
    "as it should be": (Event("good"), 200),
    "signed with the secret before": (Event("former", secrets=(OLD_SIGNING_SECRET,)), 200),
    "one of two signatures is known": (Event("both", secrets=(FOREIGN, SIGNING_SECRET)), 200),
    "nearly five minutes old": (Event("slow", at=NOW - timedelta(seconds=270)), 200),
    "of a foreign secret": (Event("foreign", secrets=(FOREIGN,)), 401),
    "other words": (Event("words", sent_text="All is well."), 401),
    "another id": (Event("id", sent_number="other"), 401),
    "another moment": (Event("moment", sent_at=NOW + timedelta(seconds=20)), 401),
    "a version that nobody knows": (Event("version", version="v9"), 401),
    "without a signature": (Event("bare", secrets=()), 401),
    "too old": (Event("old", at=NOW - timedelta(seconds=900)), 400),
    "from the future": (Event("future", at=NOW + timedelta(seconds=900)), 400),
}


@pytest.mark.parametrize("case", CASES)
def test_only_what_is_signed_and_of_this_moment_is_taken(networks: RunningNetworks, case: str) -> None:
    """X31: 12"""
    event, expected = CASES[case]
    before = networks.truth("webhook")

    status = arrive(networks, event)

    assert status == expected
    assert len(networks.truth("webhook")) - len(before) == (1 if expected == 200 else 0)


def test_what_comes_again_counts_once_and_disorder_does_no_harm(networks: RunningNetworks) -> None:
    """X31"""
    late, early = Event("late", NOW, "Working again."), Event("early", NOW - timedelta(seconds=60), "Does not work.")
    before = len(networks.truth("webhook"))

    statuses = [arrive(networks, event) for event in (late, early, late, early, replace(late, at=NOW + timedelta(seconds=5)))]

    assert statuses == [200] * 5
    assert [post["text"] for post in networks.truth("webhook")[before:]] == ["Working again.", "Does not work."]
