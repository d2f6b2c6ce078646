"""How long a domain is registered: told by the registry, asked twice a day, and never the bank's outage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from statuspage.core.vocabulary import Outcome
from statuspage.probes import dns
from statuspage.probes.engine import Engine
from statuspage.probes.findings import Finding
from statuspage.probes.look import Look
from statuspage.probes.notebook import Notebook
from tests.probes.servers import Conversation, resolving, serving

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Registry:
    """A registry that answers as it is told to, and a clock."""

    engine: Engine
    look: Look
    url: str = ""
    body: Any = field(default_factory=dict)
    status: int = 200
    questions: list[str] = field(default_factory=list)
    now: datetime = NOW
    notebook: Notebook = field(default_factory=Notebook)

    def answer(self, conversation: Conversation) -> None:
        self.questions.append(f"{conversation.path} {conversation.header('accept')}")
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        conversation.answer(self.status, body)

    def check(self, after: timedelta = timedelta(), **more: Any) -> Finding:
        self.now += after
        look = replace(self.look, now=lambda: self.now, notebook=self.notebook, name="names")
        with resolving(lambda _n, _k: ["192.0.2.1"]) as one, resolving(lambda _n, _k: ["192.0.2.1"]) as other:
            resolvers = (f"127.0.0.1:{one.port}", f"127.0.0.1:{other.port}")
            target = dns.Target("www.bank.test", resolvers, registration=f"{self.url}/domain/bank.test", **more)
            return self.engine.run(dns.probe(target, look))


def told(days: float, *status: str, name: str = "BANK.test") -> Mapping[str, Any]:
    """As RFC 9083 has it."""
    events = [{"eventAction": "registration", "eventDate": "1999-01-01T00:00:00Z"}]
    events.append({"eventAction": "expiration", "eventDate": (NOW + timedelta(days=days)).isoformat().replace("+00:00", "Z")})
    return {"objectClassName": "domain", "ldhName": name, "status": list(status), "events": events}


@contextmanager
def running(registry: Registry) -> Iterator[Registry]:
    with serving(registry.answer) as server:
        registry.url = server.url
        yield registry


@pytest.fixture
def registry(engine: Engine, look: Look) -> Iterator[Registry]:
    with running(Registry(engine, look)) as made:
        yield made


@pytest.mark.parametrize(("days", "urgencies"), [(40, []), (20, ["Soon"]), (10, ["Soon", "Now"]), (2, ["Soon", "Now", "At once"])])
def test_operators_hear_of_a_registration_that_ends(registry: Registry, days: int, urgencies: list[str]) -> None:
    registry.body = told(days)

    finding = registry.check()

    assert finding.outcome is Outcome.PASSED
    said = [text for text in finding.alarms.values() if text]
    assert [text.split(":")[0] for text in said] == urgencies
    assert all(f"({days:.1f} days left)" in text for text in said)
    assert registry.questions == ["/domain/bank.test application/rdap+json"]


def test_the_registry_is_asked_twice_a_day_and_after_a_restart_what_it_said_is_still_known(registry: Registry) -> None:
    registry.body = told(20)
    registry.check()
    registry.notebook = Notebook.load(json.loads(json.dumps(registry.notebook.dump())))

    finding = registry.check(timedelta(hours=11))
    assert len(registry.questions) == 1
    assert "(19.5 days left)" in finding.alarms["registration:names"]

    registry.body = told(385)
    finding = registry.check(timedelta(hours=1))
    assert len(registry.questions) == 2
    assert set(finding.alarms.values()) == {""}


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (404, b"", "answered 404"),
        (429, b"", "answered 429"),
        (200, b"<html>", "cannot be read"),
        (200, {"ldhName": "bank.test", "events": []}, "does not say when"),
        (200, told(400, name="other.test"), "it is about 'other.test'"),
        (200, ["bank.test"], "cannot be read"),
        (200, {"ldhName": "bank.test", "events": [{"eventAction": "expiration", "eventDate": "soon"}]}, "cannot be read"),
    ],
)
def test_a_registry_in_trouble_is_no_trouble_of_the_banks_and_is_told_after_three_days(
    registry: Registry, status: int, body: Any, why: str
) -> None:
    registry.body = told(20)
    registry.check()
    registry.status, registry.body = status, body

    finding = registry.check(timedelta(days=1))
    assert finding.outcome is Outcome.PASSED
    assert finding.alarms["registration:names:untold"] == "" and finding.alarms["registration:names"]
    assert len(registry.questions) == 2
    registry.check(timedelta(minutes=59))
    assert len(registry.questions) == 2
    registry.check(timedelta(minutes=1))
    assert len(registry.questions) == 3  # sooner than usual

    finding = registry.check(timedelta(days=2))
    assert finding.outcome is Outcome.PASSED
    assert why in finding.alarms["registration:names:untold"] and "nobody told for 3 days" in finding.alarms["registration:names:untold"]

    registry.status, registry.body = 200, told(20)
    assert registry.check(timedelta(hours=1)).alarms["registration:names:untold"] == ""


def test_a_domain_that_the_registry_holds_back_alarms_at_once(registry: Registry) -> None:
    registry.body = told(400, "client transfer prohibited", "Client Hold")

    finding = registry.check()

    assert finding.alarms["registration:names:held"].endswith("leaves bank.test out of the zone, or soon will: client hold.")


def test_a_registry_that_does_not_answer_holds_no_check_up_for_longer_than_its_time(engine: Engine, look: Look) -> None:
    with running(Registry(engine, replace(look, timeout_s=0.4))) as registry:
        registry.answer = lambda conversation: conversation.stop.wait(30) and None  # type: ignore[assignment]
        with serving(lambda conversation: registry.answer(conversation)) as server:
            registry.url = server.url
            finding = registry.check()

    assert finding.outcome is Outcome.PASSED
    assert registry.notebook.registration(f"{registry.url}/domain/bank.test").trouble  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://rdap.test/", "ends in /domain/NAME"),
        ("https://rdap.test/domain/other.test", "is not a part of"),
        ("https://rdap.test/domain/bank.test?key=word", "ends in /domain/NAME"),
        ("rdap", "http"),
    ],
)
def test_an_address_that_cannot_be_that_of_the_domain_is_refused(address: str, found: str) -> None:
    with pytest.raises(ValueError, match=found):
        dns.Target("www.bank.test", ("192.0.2.1", "192.0.2.2"), registration=address)


def test_a_clock_that_was_far_ahead_once_stops_no_questions(registry: Registry) -> None:
    registry.body = told(4000)
    registry.now = NOW + timedelta(days=3000)
    registry.check()
    registry.now = NOW

    registry.status = 500
    registry.check()
    finding = registry.check(timedelta(days=3))

    assert len(registry.questions) == 3
    assert "nobody told for 3 days" in finding.alarms["registration:names:untold"]


def test_what_the_standard_leaves_open_is_understood(registry: Registry) -> None:
    registry.body = {"events": [{"eventAction": "Expiration", "eventDate": "2026-12-03t12:00:00z"}], "status": "client hold"}

    finding = registry.check()

    assert "(10.0 days left)" in finding.alarms["registration:names"] and not finding.alarms["registration:names:held"]
