"""One name, asked of several resolvers: do they answer, what they should, validly signed, and for how long is the domain registered?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.amiss import at
from statuspage.probes.dnssec import ROOT, Bogus, Chain, Proof, Unsigned, Untold, parse_anchors
from statuspage.probes.engine import Together, Work
from statuspage.probes.findings import Failure, Finding, clean
from statuspage.probes.look import Look
from statuspage.probes.parts import combine
from statuspage.probes.place import check_host
from statuspage.probes.queries import Query, Reply, Server
from statuspage.probes.reach import failed
from statuspage.probes.registration import domain_of, watch
from statuspage.probes.urgency import check_limits

UNTOLD = timedelta(minutes=30)  # without a proof: then operators hear of it


@dataclass(frozen=True)
class Target:
    """Resolvers are the administrator's own choice, internal ones too; name the authoritative servers as well, caches hide faults.

    resolvers   addresses, with :port where it is not 53 ([..]:port for IPv6); two at least
    allowed     the records that may be answered, each one; empty: any. Some resolvers failing is a partial failure
    dnssec      the records should be signed, validly from an anchor down; name a recursive resolver, best one that checks by itself
    signature_hours   operators are told when a signature ends sooner
    anchors     keys that are trusted: ZONE KEY-TAG ALGORITHM DIGEST-TYPE DIGEST, those of the root
    registration   address at which the registry tells by RDAP how long the domain is registered; "": nobody asks
    warn_days, alarm_days, page_days   days left of the registration at which operators are told, each time more urgently
    ca_file     PEM file of the issuers to trust at the registry, instead of the machine's
    """

    name: str
    resolvers: tuple[str, ...]
    type: Literal["A", "AAAA", "CNAME", "NS", "MX", "TXT", "SOA", "CAA"] = "A"
    allowed: tuple[str, ...] = ()
    dnssec: bool = False
    signature_hours: float = 12.0
    anchors: tuple[str, ...] = ROOT
    registration: str = ""
    warn_days: float = 30.0
    alarm_days: float = 14.0
    page_days: float = 3.0
    ca_file: str = ""

    def __post_init__(self) -> None:
        with at("name"):
            check_host(self.name)
        with at("anchors"):
            if not parse_anchors(self.anchors):
                raise ValueError("found no trust anchor; leave anchors out to trust the keys of the root")
        check_limits(self)
        with at("registration"):
            if self.registration and not f".{check_host(self.name)}".endswith(f".{domain_of(self.registration)}"):
                raise ValueError(f"found the registration of {domain_of(self.registration)}, which {self.name} is not a part of")
        for place, resolver in enumerate(self.resolvers):
            with at("resolvers", place):
                parse_server(resolver)
        with at("resolvers"):
            if len(set(self.resolvers)) < 2:
                raise ValueError(
                    f"found {len(set(self.resolvers))} resolvers; name at least two, so that one resolver's fault is told apart"
                )


def parse_server(text: str) -> Server:
    """Raises ValueError for what is not an address with or without a port."""
    host, _, port = text.rpartition(":")
    if text.count(":") == 1 or (text.startswith("[") and not text.endswith("]")):
        if not port.isdigit() or not 1 <= int(port) <= 65535:
            raise ValueError(f"the resolver {text!r} has no port that can be read")
        return Server(check_host(host.strip("[]")), int(port))
    return Server(check_host(text.strip("[]")))


def probe(target: Target, look: Look) -> Work[Finding]:
    """Asks all resolvers at once, and beside them the registry."""
    deadline = look.deadline()
    servers = [parse_server(resolver) for resolver in target.resolvers]
    works: list[Work[Any]] = [_look_at(target, server, servers, look, deadline) for server in servers]
    if target.registration:
        works.append(watch(target.registration, target, target.ca_file, look, deadline))
    told = yield Together(works)
    seen, registered = told[: len(servers)], told[-1] if target.registration else {}
    replies = [reply for reply, _ in seen]
    found = combine([(f"name server {server}", finding) for server, (_, finding) in zip(servers, seen, strict=True)], partly=None)
    alarms = {**found.alarms, **_disagreement(target, look, servers, replies), **registered}
    return look.judge_speed(replace(found, alarms=alarms))


def _look_at(target: Target, server: Server, servers: Sequence[Server], look: Look, deadline: float) -> Work[tuple[Reply, Finding]]:
    """As a customer behind that resolver; then, with dnssec, whether the records are signed as they should be."""
    reply = yield from _ask(target, server, look)
    found = _judge(target, reply)
    if target.dnssec and (found.reason is Reason.DNS_SERVFAIL or found.outcome is Outcome.PASSED):
        chain = Chain(parse_anchors(target.anchors), [server, *(other for other in servers if other != server)], look, deadline)
        found = yield from _proven(target, server, look, chain, found, deadline)
    return reply, found


def _proven(target: Target, server: Server, look: Look, chain: Chain, found: Finding, deadline: float) -> Work[Finding]:
    """What is not as it should be is an alarm. That a resolver refuses it is what customers notice: then this is the reason."""
    key = f"dnssec:{look.name}"
    left_s = max(0.001, min(look.timeout_s / 2, deadline - look.monotonic()))
    reply: Reply = yield Query(check_host(target.name), target.type, server, left_s, signed=True)
    try:
        if reply.answer is None or reply.failure:
            raise Untold(reply.failure.evidence if reply.failure else "no answer")
        proof = yield from chain.prove(reply.answer, target.type)
    except Bogus as error:
        if found.reason is Reason.DNS_SERVFAIL:
            return failed(Failure(Reason.DNS_BOGUS, f"{error}; {found.evidence}"), found.phases_ms, found.latency_ms)
        told = f"{look.name}: resolvers that check refuse {target.name}: {error}. {server} does not."
        return replace(found, alarms={key: clean(told)})
    except Unsigned as error:
        told = f"{look.name}: {target.name} is not protected by DNSSEC: {error}. The page does not change."
        return replace(found, alarms={key: clean(told)})
    except Untold as error:
        since = look.notebook.wait(key, look.now())
        told = f"{look.name}: since {since:%Y-%m-%d %H:%M} UTC nobody can tell whether {target.name} is validly signed: {error}"
        return replace(found, alarms={f"{key}:untold": clean(told) if look.now() - since >= UNTOLD else ""})
    look.notebook.end_wait(key)
    hours = (proof.until - look.now()).total_seconds() / 3600
    evidence = clean(f"{found.evidence}; signed until {proof.until:%Y-%m-%d %H:%M} UTC{_beyond(proof)}")
    late = f"{look.name}: a signature that {target.name} hangs on ends in {hours:.1f} h. When it does, many customers cannot reach it."
    alarms = {key: "", f"{key}:untold": "", f"{key}:ends": late if hours < target.signature_hours else ""}
    return replace(found, evidence=evidence, alarms=alarms)


def _beyond(proof: Proof) -> str:
    return f"; from {proof.beyond} on nothing is" if proof.beyond else ""


def _disagreement(target: Target, look: Look, servers: Sequence[Server], replies: Sequence[Reply]) -> dict[str, str]:
    """An alarm where name servers tell different versions of a zone: an update does not reach all of them. Customers notice nothing yet.

    Compared are the serial of an SOA record and all of NS; other records may rightly differ from place to place.
    """
    if target.type not in ("SOA", "NS") or len(told := [reply for reply in replies if reply.failure is None]) < 2:
        return {}
    key = f"zone:{look.name}"
    versions = {_version(target, reply) for reply in told}
    if len(versions) == 1:
        return {key: ""}
    pairs = ((server, reply) for server, reply in zip(servers, replies, strict=True) if reply.failure is None)
    said = "; ".join(f"{server}: {_version(target, reply)}" for server, reply in pairs)
    return {key: clean(f"{look.name}: the name servers of {target.name} do not agree on its {target.type} record: {said}")}


def _version(target: Target, reply: Reply) -> str:
    if target.type == "SOA":
        return reply.records[0].split()[2]  # mname rname serial refresh retry expire minimum
    return ", ".join(sorted(_plain(record) for record in reply.records))


def _ask(target: Target, server: Server, look: Look) -> Work[Reply]:
    """Once more after half of the time: a single datagram may be lost without anybody being ill."""
    first: Reply = yield Query(check_host(target.name), target.type, server, look.timeout_s / 2)
    if first.failure is None or first.failure.reason is not Reason.DNS_TIMEOUT:
        return first
    left_s = look.timeout_s - first.elapsed_ms / 1000
    second: Reply = yield Query(check_host(target.name), target.type, server, max(0.001, left_s))
    return replace(second, elapsed_ms=first.elapsed_ms + second.elapsed_ms)


def _judge(target: Target, reply: Reply) -> Finding:
    phases = {"dns": reply.elapsed_ms, "total": reply.elapsed_ms}
    if reply.failure:
        return failed(reply.failure, phases, reply.elapsed_ms)
    allowed = {_plain(record) for record in target.allowed}
    wrong = [record for record in reply.records if allowed and _plain(record) not in allowed]
    if wrong:
        evidence = f"answered {', '.join(wrong)}, which is not in the list of allowed records"
        return failed(Failure(Reason.DNS_WRONG_ANSWER, evidence), phases, reply.elapsed_ms)
    return Finding(Outcome.PASSED, Reason.AS_EXPECTED, phases, reply.elapsed_ms, clean(f"answered {', '.join(reply.records)}"))


def _plain(record: str) -> str:
    return record.strip().lower().removesuffix(".")
