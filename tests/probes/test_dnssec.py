"""Names whose signatures are right, end soon, have ended, are wrong or are missing, in zones signed here from an own root down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.dnssec
import dns.name
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes import dns as probes
from statuspage.probes.dnssec import ROOT, Bogus, Chain, parse_anchors
from statuspage.probes.engine import Engine
from statuspage.probes.findings import Finding
from statuspage.probes.look import Look
from tests.probes.servers import resolving

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TTL = 300
QUIET = {"dnssec:names": "", "dnssec:names:untold": "", "dnssec:names:ends": ""}
ALGORITHM = 13  # ECDSA P-256 with SHA-256 (RFC 6605)


@dataclass
class Zone:
    """A zone with one key that signs everything in it."""

    name: str
    above: Zone | None = None
    ends: datetime = NOW + timedelta(days=10)
    begins: datetime = NOW - timedelta(days=1)
    signed: bool = True
    records: dict[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    left_unsigned: set[str] = field(default_factory=set)  # types
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.origin = dns.name.from_text(self.name)
        self.public = dns.dnssec.make_dnskey(self.key.public_key(), ALGORITHM, flags=257)
        self.records[self.name, "DNSKEY"] = [self.public.to_text()] if self.signed else []
        self.records[self.name, "SOA"] = ["ns.test. host.test. 1 3600 600 86400 300"]
        if self.above is not None and self.signed:
            self.above.records[self.name, "DS"] = [self.ds()]

    def ds(self) -> str:
        return dns.dnssec.make_ds(self.origin, self.public, "SHA256").to_text()

    def answer(self, name: str, kind: str) -> list[dns.rrset.RRset]:
        held = next((one for one in (kind, "CNAME") if self.records.get((name, one))), None)
        if held is None:
            return []
        records = dns.rrset.from_text(name, TTL, "IN", held, *self.records[name, held])
        if not self.signed or held in self.left_unsigned:
            return [records]
        signature = dns.dnssec.sign(records, self.key, self.origin, self.public, self.begins, self.ends)
        return [records, dns.rrset.from_rdata(records.name, TTL, signature)]


@dataclass
class World:
    """The root, test. and bank.test., which are signed; cdn.test., which is not."""

    def __post_init__(self) -> None:
        self.root = Zone(".")
        self.test = Zone("test.", self.root)
        self.bank = Zone("bank.test.", self.test)
        self.cdn = Zone("cdn.test.", self.test, signed=False)
        self.bank.records["www.bank.test.", "A"] = ["192.0.2.1"]
        self.bank.records["pages.bank.test.", "CNAME"] = ["edge.cdn.test."]
        self.cdn.records["edge.cdn.test.", "A"] = ["192.0.2.2"]
        self.silent: set[tuple[str, str]] = set()

    def decide(self, name: str, kind: str) -> list[Any] | str | None:
        name = name.rstrip(".") + "."
        if (name, kind) in self.silent:
            return "SERVFAIL"
        zones = [zone for zone in (self.root, self.test, self.bank, self.cdn) if name.endswith(zone.name) or zone is self.root]
        asked = [zone for zone in zones if (name, kind) in zone.records or (name, "CNAME") in zone.records]
        found = asked[-1].answer(name, kind) if asked else []
        if kind == "SOA" and not found:
            return self.zone_of(name).answer(self.zone_of(name).name, "SOA")
        for rrset in list(found):
            if rrset.rdtype == dns.rdatatype.CNAME and kind != "CNAME":
                found += self.decide(rrset[0].target.to_text(), kind)  # type: ignore[operator]
        return found

    def zone_of(self, name: str) -> Zone:
        return max((zone for zone in (self.test, self.bank, self.cdn) if name.endswith(zone.name)), key=lambda zone: len(zone.name))

    def look_at(self, name: str, engine: Engine, look: Look, *, recursive: bool = True, checking: int = 0, **more: Any) -> Finding:
        """By two resolvers; so many of them refuse what is wrongly signed."""
        with (
            resolving(self.decide, checks=checking > 1) as one,
            resolving(self.decide, recursive=recursive, checks=checking > 0) as other,
        ):
            resolvers = (f"127.0.0.1:{other.port}", f"127.0.0.1:{one.port}")
            target = probes.Target(name, resolvers, dnssec=True, anchors=(f". {self.root.ds()}",), **more)
            return engine.run(probes.probe(target, replace(look, now=lambda: NOW, name="names")))


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("recursive", [True, False])
def test_what_is_validly_signed_passes_and_says_until_when(world: World, engine: Engine, look: Look, recursive: bool) -> None:
    world.test.ends = NOW + timedelta(days=3)

    finding = world.look_at("www.bank.test", engine, look, recursive=recursive)

    assert (finding.outcome, finding.reason) == (Outcome.PASSED, Reason.AS_EXPECTED)
    assert "signed until 2026-11-26 12:00 UTC" in finding.evidence
    assert finding.alarms == QUIET


def _ended(world: World) -> None:
    world.bank.ends = NOW - timedelta(minutes=1)


def _ended_above(world: World) -> None:
    world.test.ends = NOW - timedelta(minutes=1)


def _begins_later(world: World) -> None:
    world.bank.begins = NOW + timedelta(minutes=1)


def _other_key(world: World) -> None:
    world.bank.key = ec.generate_private_key(ec.SECP256R1())  # signs with a key that the zone does not show


def _changed_keys(world: World) -> None:
    Zone.__post_init__(new := Zone("bank.test."))
    world.bank.key, world.bank.public = new.key, new.public
    world.bank.records["bank.test.", "DNSKEY"] = [new.public.to_text()]  # a new key, and nobody told the zone above


def _no_keys(world: World) -> None:
    world.bank.records["bank.test.", "DNSKEY"] = []


def _signatures_lost(world: World) -> None:
    world.bank.left_unsigned = {"A"}


def _flooded(world: World) -> None:
    """More signatures than anybody should look at, all wrong: the engine has other probes."""
    right = world.bank.answer("www.bank.test.", "A")[1][0]
    junk = [right.replace(signature=bytes([number % 256, number // 256]) + right.signature[2:]) for number in range(300)]
    world.bank.answer = lambda name, kind, answer=world.bank.answer: (  # type: ignore[method-assign, misc]
        [answer(name, kind)[0], dns.rrset.from_rdata_list(dns.name.from_text(name), TTL, junk)] if kind == "A" else answer(name, kind)
    )


FAULTS: list[tuple[Callable[[World], None], str]] = [
    (_ended, "the signature ended on 2026-11-23 11:59 UTC"),
    (_ended_above, "the signature ended on 2026-11-23 11:59 UTC"),
    (_begins_later, "the signature begins on 2026-11-23 12:01 UTC"),
    (_other_key, "the signature of key"),
    (_changed_keys, "shows none of the keys"),
    (_no_keys, "shows none of the keys"),
    (_flooded, "the signature of key"),
    (_signatures_lost, "is not signed, although the zone above bank.test says that it is"),
]


@pytest.mark.parametrize(("break_it", "told"), FAULTS, ids=[deed.__name__ for deed, _ in FAULTS])
def test_what_resolvers_that_check_refuse_is_an_outage_and_the_reason_is_told(
    break_it: Callable[[World], None], told: str, world: World, engine: Engine, look: Look
) -> None:
    break_it(world)

    refused = world.look_at("www.bank.test", engine, look, checking=2)
    partly = world.look_at("www.bank.test", engine, look, checking=1)
    by_nobody = world.look_at("www.bank.test", engine, look)

    assert (refused.outcome, refused.reason, refused.partial) == (Outcome.FAILED, Reason.DNS_BOGUS, False)
    assert told in refused.evidence and "answered SERVFAIL" in refused.evidence
    assert (partly.outcome, partly.reason, partly.partial) == (Outcome.FAILED, Reason.DNS_BOGUS, True)
    assert by_nobody.outcome is Outcome.PASSED and told in by_nobody.alarms["dnssec:names"]


def test_a_resolver_in_trouble_of_another_kind_is_what_it_was(world: World, engine: Engine, look: Look) -> None:
    """It refuses, and the signatures are right."""
    finding = world.look_at("www.bank.test", engine, look, checking=2)

    assert (finding.outcome, finding.reason) == (Outcome.FAILED, Reason.DNS_SERVFAIL)


def test_a_zone_that_nothing_vouches_for_is_an_alarm_and_no_outage(world: World, engine: Engine, look: Look) -> None:
    world.test.records["bank.test.", "DS"] = []

    finding = world.look_at("www.bank.test", engine, look)

    assert finding.outcome is Outcome.PASSED
    assert "the zone above bank.test has no DS record of it" in finding.alarms["dnssec:names"]


def test_a_zone_without_signatures_is_an_alarm_and_no_outage(world: World, engine: Engine, look: Look) -> None:
    finding = world.look_at("edge.cdn.test", engine, look)

    assert finding.outcome is Outcome.PASSED
    assert "the zone above cdn.test has no DS record of it" in finding.alarms["dnssec:names"]


def test_an_alias_into_a_supplier_s_zone_is_signed_as_far_as_the_bank_can_sign_it(world: World, engine: Engine, look: Look) -> None:
    finding = world.look_at("pages.bank.test", engine, look)

    assert finding.outcome is Outcome.PASSED
    assert "from edge.cdn.test on" in finding.evidence and finding.alarms == QUIET

    world.bank.ends = NOW - timedelta(minutes=1)
    assert "of bank.test: the signature ended" in world.look_at("pages.bank.test", engine, look).alarms["dnssec:names"]


def test_an_alias_that_lost_its_signature_is_wrong_though_it_leads_into_an_unsigned_zone(world: World, engine: Engine, look: Look) -> None:
    world.bank.left_unsigned = {"CNAME"}

    assert "although the zone above bank.test says" in world.look_at("pages.bank.test", engine, look).alarms["dnssec:names"]


def test_an_alias_of_an_unsigned_zone_into_a_signed_one_is_unsigned_and_not_wrong(world: World, engine: Engine, look: Look) -> None:
    world.cdn.records["alias.cdn.test.", "CNAME"] = ["www.bank.test."]

    finding = world.look_at("alias.cdn.test", engine, look, checking=0)

    assert "is not protected by DNSSEC" in finding.alarms["dnssec:names"]


def test_an_alias_made_of_a_dname_record_is_signed_by_that_record(world: World, engine: Engine, look: Look) -> None:
    made = dns.rrset.from_text("www.old.bank.test.", TTL, "IN", "CNAME", "www.bank.test.")
    world.bank.records["old.bank.test.", "DNAME"] = ["bank.test."]

    def decide(name: str, kind: str) -> list[Any] | str | None:
        if name.startswith("www.old."):
            return [*world.bank.answer("old.bank.test.", "DNAME"), made, *world.bank.answer("www.bank.test.", kind)]
        return world.decide(name, kind)

    with resolving(decide) as one, resolving(decide) as other:
        resolvers = (f"127.0.0.1:{one.port}", f"127.0.0.1:{other.port}")
        target = probes.Target("www.old.bank.test", resolvers, dnssec=True, anchors=(f". {world.root.ds()}",))
        finding = engine.run(probes.probe(target, replace(look, now=lambda: NOW, name="names")))

    assert finding.alarms == QUIET, finding.alarms


def test_a_parent_that_is_not_signed_promises_nothing(world: World, engine: Engine, look: Look) -> None:
    """Its DS record of the bank's zone is left over."""
    world.root.records["test.", "DS"] = []
    world.bank.signed = False

    assert "is not protected by DNSSEC" in world.look_at("www.bank.test", engine, look).alarms["dnssec:names"]


def test_keys_of_an_unknown_kind_prove_nothing_and_refute_nothing(world: World, engine: Engine, look: Look) -> None:
    world.test.records["bank.test.", "DS"] = ["1 200 2 " + "00" * 32, "1 13 200 " + "00" * 32]

    assert "of a kind that is not known here" in world.look_at("www.bank.test", engine, look).alarms["dnssec:names"]


def test_a_zone_with_very_many_keys_keeps_nobody_busy(world: World, engine: Engine, look: Look) -> None:
    keys = [dns.dnssec.make_dnskey(ec.generate_private_key(ec.SECP256R1()).public_key(), ALGORITHM).to_text() for _ in range(70)]
    world.bank.records["bank.test.", "DNSKEY"] = [world.bank.public.to_text(), *keys]

    assert world.look_at("www.bank.test", engine, look).alarms == {"dnssec:names:untold": ""}


@pytest.mark.parametrize("algorithm", [253, 254])
def test_a_key_that_cannot_be_read_hides_no_good_signature(world: World, engine: Engine, look: Look, algorithm: int) -> None:
    world.bank.records["bank.test.", "DNSKEY"] = [world.bank.public.to_text(), f"257 3 {algorithm} //8="]

    assert world.look_at("www.bank.test", engine, look).alarms == QUIET


def test_a_trust_anchor_that_does_not_fit_is_our_trouble(world: World, engine: Engine, look: Look) -> None:
    world.root.key = ec.generate_private_key(ec.SECP256R1())
    world.root.public = dns.dnssec.make_dnskey(world.root.key.public_key(), ALGORITHM, flags=257)
    old = f". {world.root.ds()}"
    Zone.__post_init__(new := Zone("."))
    world.root.key, world.root.public, world.root.records[".", "DNSKEY"] = new.key, new.public, [new.public.to_text()]

    with resolving(world.decide, checks=True) as one, resolving(world.decide) as other:
        resolvers = (f"127.0.0.1:{one.port}", f"127.0.0.1:{other.port}")
        target = probes.Target("www.bank.test", resolvers, dnssec=True, anchors=(old,))
        finding = engine.run(probes.probe(target, replace(look, now=lambda: NOW)))

    assert (finding.reason, finding.partial) == (Reason.DNS_SERVFAIL, True)
    assert not any(finding.alarms.values())


def test_operators_hear_of_a_signature_that_is_about_to_end(world: World, engine: Engine, look: Look) -> None:
    world.bank.ends = NOW + timedelta(hours=11)

    finding = world.look_at("www.bank.test", engine, look)

    assert finding.outcome is Outcome.PASSED
    assert "ends in 11.0 h" in finding.alarms["dnssec:names:ends"]
    assert world.look_at("www.bank.test", engine, look, signature_hours=10).alarms == QUIET


@pytest.mark.parametrize("asked", [(".", "DNSKEY"), ("bank.test.", "DS"), ("test.", "DNSKEY")])
def test_keys_that_nobody_tells_are_told_of_when_it_lasts(world: World, engine: Engine, look: Look, asked: tuple[str, str]) -> None:
    world.silent = {asked}

    finding = world.look_at("www.bank.test", engine, look)
    assert finding.outcome is Outcome.PASSED and finding.alarms == {"dnssec:names:untold": ""}

    look.notebook.wait("dnssec:names", NOW - timedelta(minutes=31))
    finding = world.look_at("www.bank.test", engine, look)
    assert "since 2026-11-23 11:29 UTC nobody can tell" in finding.alarms["dnssec:names:untold"]

    world.silent = set()
    assert world.look_at("www.bank.test", engine, look).alarms == QUIET


def test_one_silent_resolver_takes_nothing_from_the_others_proof(world: World, engine: Engine, look: Look) -> None:
    world.bank.ends = NOW - timedelta(minutes=1)
    with resolving(lambda _n, _k: None) as silent, resolving(world.decide, checks=True) as other:
        resolvers = (f"127.0.0.1:{silent.port}", f"127.0.0.1:{other.port}")
        target = probes.Target("www.bank.test", resolvers, dnssec=True, anchors=(f". {world.root.ds()}",))
        finding = engine.run(probes.probe(target, replace(look, now=lambda: NOW, timeout_s=2.0)))

    assert finding.outcome is Outcome.FAILED and not finding.partial
    assert "the signature ended" in finding.evidence or finding.reason is Reason.DNS_TIMEOUT


def test_a_server_that_only_knows_its_own_zone_is_not_believed_about_what_is_above(world: World, engine: Engine, look: Look) -> None:
    """The bank's own server says that there is no DS record of its zone: that stands in the zone above."""
    below = world.bank

    def only_its_own(name: str, kind: str) -> list[Any] | str | None:
        return below.answer(name.rstrip(".") + ".", kind)

    with resolving(only_its_own, recursive=False) as own, resolving(world.decide) as recursive:
        resolvers = (f"127.0.0.1:{own.port}", f"127.0.0.1:{recursive.port}")
        target = probes.Target("www.bank.test", resolvers, dnssec=True, anchors=(f". {world.root.ds()}",))
        finding = engine.run(probes.probe(target, replace(look, now=lambda: NOW)))

    assert finding.outcome is Outcome.PASSED and not any(finding.alarms.values())


# --- what others signed --------------------------------------------------------------------------------------------------------------

RFC_6605 = (  # section 6.1
    ("example.net.", "DNSKEY", "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA=="),
    ("example.net.", "DS", "55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"),
    ("www.example.net.", "A", "192.0.2.1"),
    (
        "www.example.net.",
        "RRSIG",
        "A 13 3 3600 20100909100439 20100812100439 55648 example.net. "
        "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==",
    ),
)


@pytest.mark.parametrize(("day", "address", "good"), [(1, "192.0.2.1", True), (10, "192.0.2.1", False), (1, "192.0.2.2", False)])
def test_the_example_of_the_standard_is_judged_as_it_says(look: Look, day: int, address: str, good: bool) -> None:
    keys, vouched, records, signature = (dns.rrset.from_text(name, 3600, "IN", kind, text) for name, kind, text in RFC_6605)
    records = dns.rrset.from_text("www.example.net.", 3600, "IN", "A", address)
    chain = Chain({}, (), replace(look, now=lambda: datetime(2010, 9, day, tzinfo=UTC)), 0.0)

    assert chain._named_keys(keys.name, keys, list(vouched)) == list(keys)
    if good:
        assert chain._verify(records, list(signature), keys) == datetime(2010, 9, 9, 10, 4, 39, tzinfo=UTC)
    else:
        with pytest.raises(Bogus):
            chain._verify(records, list(signature), keys)


def test_both_keys_of_the_root_are_trusted() -> None:
    (anchors,) = parse_anchors(ROOT).values()

    assert sorted(record.key_tag for record in anchors) == [20326, 38696]


def test_no_trust_anchor_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no trust anchor"):
        probes.Target("bank.test", ("192.0.2.1", "192.0.2.2"), anchors=())


@pytest.mark.parametrize("line", ["", ".", ". 20326", ". 20326 8 2 xyz", "bank..test. 1 8 2 00"])
def test_what_is_no_trust_anchor_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="a trust anchor is"):
        probes.Target("bank.test", ("192.0.2.1", "192.0.2.2"), anchors=(line,))
