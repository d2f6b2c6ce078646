"""One name, asked of several resolvers: do they answer, and what they should?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes.engine import Together, Work
from statuspage.probes.findings import Failure, Finding, clean
from statuspage.probes.look import Look
from statuspage.probes.parts import combine
from statuspage.probes.place import check_host
from statuspage.probes.queries import Query, Reply, Server
from statuspage.probes.reach import failed


@dataclass(frozen=True)
class Target:
    """Resolvers are the administrator's own choice, internal ones too; name the authoritative servers as well, caches hide faults.

    resolvers   addresses, with :port where it is not 53 ([..]:port for IPv6); two at least
    allowed     the records that may be answered, each one; empty: any. Some resolvers failing is a partial failure
    """

    name: str
    resolvers: tuple[str, ...]
    type: Literal["A", "AAAA", "CNAME", "NS", "MX", "TXT", "SOA", "CAA"] = "A"
    allowed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_host(self.name)
        for resolver in self.resolvers:
            parse_server(resolver)
        if len(set(self.resolvers)) < 2:
            raise ValueError(f"found {len(set(self.resolvers))} resolvers; name at least two, so that one resolver's fault is told apart")


def parse_server(text: str) -> Server:
    """Raises ValueError for what is not an address with or without a port."""
    host, _, port = text.rpartition(":")
    if text.count(":") == 1 or (text.startswith("[") and not text.endswith("]")):
        if not port.isdigit() or not 1 <= int(port) <= 65535:
            raise ValueError(f"the resolver {text!r} has no port that can be read")
        return Server(check_host(host.strip("[]")), int(port))
    return Server(check_host(text.strip("[]")))


def probe(target: Target, look: Look) -> Work[Finding]:
    """Asks all resolvers at once."""
    servers = [parse_server(resolver) for resolver in target.resolvers]
    replies = yield Together([_ask(target, server, look) for server in servers])
    findings = [_judge(target, reply) for reply in replies]
    named = [(f"name server {server}", finding) for server, finding in zip(servers, findings, strict=True)]
    found = combine(named, partly=None)
    return look.judge_speed(replace(found, alarms={**found.alarms, **_disagreement(target, look, servers, replies)}))


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
    second = yield Query(check_host(target.name), target.type, server, max(0.001, left_s))
    return Reply(second.failure, second.records, first.elapsed_ms + second.elapsed_ms)


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
