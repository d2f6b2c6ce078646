"""The demonstration's relay and the mailboxes behind it, as the product's own mails meet them."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broadcasters import email
from broadcasters.errors import OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.runs import ACCOUNT, Recipient
from broadcasters.smtp import SmtpTransport
from statuspage.demo.networks.accounts import configs
from statuspage.demo.networks.server import RunningNetworks, running_networks
from tests.broadcasters.bench import HOSTILE

PAGE = "https://status.bank.example"
WORDS = "Tarjetas\n\nNo funcionan."
READER = Recipient("lucia@mailbox.example", "a" * 32, "b" * 64)
AT = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[RunningNetworks]:
    with running_networks(tmp_path, mail=True) as running:
        yield running


def config(networks: RunningNetworks, **changes: Any) -> email.Config:
    assert networks.relay is not None
    own = {**configs(networks.url)["email"][1], "host": "127.0.0.1", "port": networks.relay.port, "list": "people.csv"}
    return email.Config(**{**own, **changes})


def send(
    networks: RunningNetworks, words: str = "Tarjetas\n\nNo funcionan.", run: str = "run1", root: str = "", answer_s: float = 5.0
) -> str:
    """One mail by the product's own means; what the relay said."""
    own = config(networks, answer_s=answer_s)
    text = f"{words}\n\n{email.leave_line(PAGE)}"
    errand = email.draft(text, "es", own, code="K7Q2M3X", run=run, root=root, page=PAGE, at=AT).errand(READER)
    line = email.opener(own, SmtpTransport(), deadline_s=5.0, connect_timeout_s=2.0)()
    try:
        return errand(line)
    finally:
        line.quit()


def test_a_mail_stands_in_its_readers_mailbox_and_the_next_one_in_the_same_thread(networks: RunningNetworks) -> None:
    said = send(networks)
    send(networks, "Tarjetas\n\nFuncionan.", run="run2", root="run1")

    first, second = networks.truth("email")

    assert "queued as 1" in said
    assert (first["account"], first["language"], first["in_reply_to"], first["url"]) == (READER.address, "es", None, None)
    assert first["text"].startswith("Tarjetas\n\nNo funcionan.\n") and first["text"].endswith(f"/unsubscribe/{READER.token}")
    assert first["id"] == f"run1.{READER.tag}@demobank.example"
    assert second["in_reply_to"] == second["root"] == first["id"]


def test_a_mail_that_comes_twice_is_shown_once(networks: RunningNetworks) -> None:
    assert send(networks) == send(networks)
    assert len(networks.truth("email")) == 1


@pytest.mark.parametrize("text", [*HOSTILE, ".\n..\n.punto", "=E9=\n=2E", "línea muy larga " * 200])
def test_hostile_texts_arrive_whole(text: str, networks: RunningNetworks) -> None:
    subject = text.partition("\n")[0][:200]

    send(networks, f"{subject}\n\n{text}")

    found = networks.truth("email")[0]["text"]
    assert found == f"{' '.join(subject.split())}\n\n{text}\n\n{PAGE}/unsubscribe/{READER.token}"


def test_the_mailboxes_are_shown_as_mail_programs_do(networks: RunningNetworks) -> None:
    send(networks)
    send(networks, "Tarjetas\n\nFuncionan.", run="run2", root="run1")

    with urllib.request.urlopen(f"{networks.url}/email/") as answer:
        page = answer.read().decode()

    assert page.count('<article class="thread" lang="es">') == 1 and "2 mails" in page
    assert page.index('<p class="title">Tarjetas</p>') < page.index("<summary>") < page.index("Funcionan.")
    assert "status@demobank.example" in page and READER.address in page


# Fault -> how many mails are truly there afterwards, and the error: its kind, its outcome, and whether it speaks of the account.
FAULTS: dict[str, tuple[dict[str, Any], int, type[Exception], OutcomeClass, bool]] = {
    "not now": ({"fault": "429"}, 0, Unavailable, OutcomeClass.RETRY, False),
    "a fault of the relay": ({"fault": "5xx"}, 0, Unavailable, OutcomeClass.RETRY, False),
    "a fault after it was kept": ({"fault": "5xx", "applied": True}, 1, Unavailable, OutcomeClass.RETRY, False),
    "no answer": ({"fault": "timeout"}, 0, Uncertain, OutcomeClass.AMBIGUOUS, True),
    "no answer, and kept": ({"fault": "timeout", "applied": True}, 1, Uncertain, OutcomeClass.AMBIGUOUS, True),
    "half an answer": ({"fault": "cut"}, 1, Uncertain, OutcomeClass.AMBIGUOUS, True),
    "an answer that drips": ({"fault": "drip"}, 1, Uncertain, OutcomeClass.AMBIGUOUS, True),
    "refused as a repeat": ({"fault": "duplicate"}, 0, Rejected, OutcomeClass.CONTENT, False),
    "a sender that may not": ({"fault": "denied"}, 0, Rejected, OutcomeClass.DENIED, True),
    "a password that counts no longer": ({"fault": "revoked"}, 0, Rejected, OutcomeClass.REAUTH, True),
    "a connection that lasted too long": ({"fault": "expired"}, 0, Unavailable, OutcomeClass.RETRY, True),
}


@pytest.mark.parametrize("situation", FAULTS)
def test_the_relay_misbehaves_on_demand(situation: str, networks: RunningNetworks) -> None:
    fault, kept, kind, outcome, ours = FAULTS[situation]
    networks.misbehave("email", **fault, times=1)

    with pytest.raises((Rejected, Unavailable, Uncertain)) as caught:
        send(networks, answer_s=0.3)
    said = send(networks, run="run2")

    assert (type(caught.value), caught.value.outcome, caught.value.code == ACCOUNT) == (kind, outcome, ours)
    assert len(networks.truth("email")) == kept + 1 and "queued as" in said


def test_a_mail_that_takes_effect_late_is_there_when_it_is_released(networks: RunningNetworks) -> None:
    networks.misbehave("email", "late", after_s=600, times=1)
    with pytest.raises(Uncertain):
        send(networks, answer_s=0.3)
    before = len(networks.truth("email"))

    networks.release()

    assert (before, len(networks.truth("email"))) == (0, 1)


def test_the_relay_knows_only_its_own_user(networks: RunningNetworks) -> None:
    with pytest.raises(Rejected) as caught:
        email.verify(config(networks, password="another-one"), SmtpTransport())

    assert caught.value.outcome is OutcomeClass.REAUTH and "another-one" not in caught.value.detail
    assert "signed in as demobank" in email.verify(config(networks), SmtpTransport())
