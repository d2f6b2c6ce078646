"""Is a name's answer signed, and validly from an anchor down (RFC 4033 to 4035)? Keys are asked for with checking disabled: a
resolver that checks by itself would say SERVFAIL and no more.

That something does *not* exist is taken from a recursive name server without proof (NSEC): this watches over the bank's zone, it
does not defend a client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

from statuspage.probes.engine import Work
from statuspage.probes.look import Look
from statuspage.probes.queries import Query, Reply, Server

ROOT = (  # https://data.iana.org/root-anchors/root-anchors.xml: the keys of 2017 and of 2024
    ". 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    ". 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
)
_TRY_S = 2.0  # per server and try; the deadline cuts it shorter
_ROUNDS = 2
_ALIASES = 16
_NOT_OURS = (dns.exception.UnsupportedAlgorithm, dns.exception.DeniedByPolicy)


class Bogus(Exception):
    """A resolver that checks refuses the answer: customers behind it cannot reach the name."""


class Unsigned(Exception):
    """Nothing vouches for the answer. It works for everybody all the same."""


class Untold(Exception):
    """No name server gave what is needed to tell."""


@dataclass(frozen=True)
class Proof:
    """until: when the first of the signatures ends that the answer hangs on; beyond: the alias from which on nothing is signed, or ""."""

    until: datetime
    beyond: str = ""


def parse_anchors(lines: Sequence[str]) -> dict[dns.name.Name, dns.rrset.RRset]:
    """Zone -> its DS records. A line: ZONE KEY-TAG ALGORITHM DIGEST-TYPE DIGEST. Raises ValueError for what is none."""
    found: dict[dns.name.Name, dns.rrset.RRset] = {}
    for line in lines:
        zone, _, text = line.strip().partition(" ")
        try:
            name = dns.name.from_text(zone)
            records = dns.rrset.from_text(name, 0, "IN", "DS", text)
        except (dns.exception.DNSException, ValueError) as error:
            raise ValueError(f"found {line!r}; a trust anchor is ZONE KEY-TAG ALGORITHM DIGEST-TYPE DIGEST") from error
        found[name] = dns.rrset.from_rdata_list(name, 0, [*found.get(name, ()), *records])
    return found


class Chain:
    """The keys of zones, each fetched and verified once per check."""

    def __init__(self, anchors: Mapping[dns.name.Name, dns.rrset.RRset], servers: Sequence[Server], look: Look, deadline: float) -> None:
        self._anchors = anchors
        self._servers = servers
        self._look = look
        self._deadline = deadline
        self._now = look.now()
        self._keys: dict[dns.name.Name, tuple[dns.rrset.RRset, datetime]] = {}

    def prove(self, answer: dns.message.Message, kind: str) -> Work[Proof]:
        """The records that answer a question, its aliases too. Raises Bogus, Unsigned or Untold."""
        until: list[datetime] = []
        for records in _chain_of(answer, dns.rdatatype.from_text(kind)):
            try:
                until.append((yield from self._verified(answer.answer, records)))
            except Unsigned:
                if until:  # an alias into a zone of somebody else, e.g. of a supplier that delivers pages
                    return Proof(min(until), records.name.to_text(omit_final_dot=True))
                raise
        if not until:
            raise Unsigned("there are no records")
        return Proof(min(until))

    def _verified(self, section: Sequence[dns.rrset.RRset], records: dns.rrset.RRset, above: bool = False) -> Work[datetime]:
        """Until when these records are signed. above: only by a zone above the one of that name."""
        signatures = [one for rrset in section for one in _signatures(rrset, records)]
        signers = {one.signer for one in signatures if records.name.is_subdomain(one.signer) and not (above and one.signer == records.name)}
        if not signers:
            yield from self._must_be_unsigned(records)
            raise Unsigned(f"{_shown(records)} of {_named(records.name)} is not signed")
        zone = max(signers)
        keys, until = yield from self._keys_of(zone)
        return min(until, self._verify(records, [one for one in signatures if one.signer == zone], {zone: keys}))

    def _keys_of(self, zone: dns.name.Name) -> Work[tuple[dns.rrset.RRset, datetime]]:
        if zone in self._keys:
            return self._keys[zone]
        vouched, until = yield from self._vouched_for(zone)
        answer = yield from self._ask(zone, dns.rdatatype.DNSKEY)
        keys = _find(answer.answer, zone, dns.rdatatype.DNSKEY)
        if keys is None:
            raise Bogus(f"{_named(zone)} has no keys (DNSKEY), although the zone above it names one")
        trusted = dns.rrset.from_rdata_list(zone, keys.ttl, self._named_keys(zone, keys, vouched))
        signatures = [one for rrset in answer.answer for one in _signatures(rrset, keys)]
        self._keys[zone] = keys, min(until, self._verify(keys, signatures, {zone: trusted}))
        return self._keys[zone]

    def _vouched_for(self, zone: dns.name.Name) -> Work[tuple[dns.rrset.RRset, datetime]]:
        """The DS records of a zone, by an anchor or by the zone above it."""
        if zone in self._anchors:
            return self._anchors[zone], datetime.max.replace(tzinfo=UTC)
        answer = yield from self._ask(zone, dns.rdatatype.DS)
        vouched = _find(answer.answer, zone, dns.rdatatype.DS)
        if vouched is None:
            raise Unsigned(f"the zone above {_named(zone)} has no DS record of it: its signatures prove nothing")
        return vouched, (yield from self._verified(answer.answer, vouched, above=True))

    def _named_keys(self, zone: dns.name.Name, keys: dns.rrset.RRset, vouched: dns.rrset.RRset) -> list[Any]:
        found, understood = [], False
        for record in vouched:
            for key in keys:
                try:
                    digest = dns.dnssec.make_ds(zone, key, record.digest_type, validating=True)
                except _NOT_OURS:
                    continue
                understood = True
                if digest == record:
                    found.append(key)
        if not understood:
            raise Unsigned(f"the keys of {_named(zone)} are named in a way that is not known here")
        if not found:
            raise Bogus(f"the DS record of {_named(zone)} in the zone above names none of its keys")
        return found

    def _verify(self, records: dns.rrset.RRset, signatures: Sequence[Any], keys: dict[dns.name.Name, Any]) -> datetime:
        """When the last of the good signatures ends. One that is good is enough (RFC 6840, section 5.11)."""
        good, wrong, unknown = [], [], 0
        for one in signatures:
            try:
                dns.dnssec.validate_rrsig(records, one, keys, now=self._now.timestamp())
                good.append(datetime.fromtimestamp(one.expiration, UTC))
            except _NOT_OURS:
                unknown += 1
            except dns.exception.ValidationFailure:
                wrong.append(_why(one, self._now))
        if good:
            return max(good)
        if unknown and not wrong:
            raise Unsigned(f"the signature of {_shown(records)} of {_named(records.name)} is of a kind that is not known here")
        raise Bogus(f"{_shown(records)} of {_named(records.name)}: {wrong[0] if wrong else 'there is no signature'}")

    def _must_be_unsigned(self, records: dns.rrset.RRset) -> Work[None]:
        """Raises Bogus where signatures are missing that the zone above promises."""
        answer = yield from self._ask(records.name, dns.rdatatype.SOA)
        zones = [rrset.name for rrset in (*answer.answer, *answer.authority) if rrset.rdtype == dns.rdatatype.SOA]
        if not zones or records.rdtype == dns.rdatatype.DS:
            return
        vouched = zones[0] in self._anchors or _find((yield from self._ask(zones[0], dns.rdatatype.DS)).answer, zones[0], dns.rdatatype.DS)
        if vouched:
            raise Bogus(
                f"{_shown(records)} of {_named(records.name)} is not signed, although the zone above {_named(zones[0])} says that it is"
            )

    def _ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Work[dns.message.Message]:
        """From the first that knows. That something is missing is believed of recursive servers only: the others know their own zones."""
        told = "no name server could be asked"
        for _ in range(_ROUNDS):
            for server in self._servers:
                left_s = self._deadline - self._look.monotonic()
                if left_s <= 0:
                    break
                text = dns.rdatatype.to_text(kind)
                reply: Reply = yield Query(name.to_text(), text, server, min(_TRY_S, left_s), signed=True)
                if reply.answer is not None and not reply.silent:
                    if _find(reply.answer.answer, name, kind) or reply.answer.flags & dns.flags.RA:
                        return reply.answer
                    told = f"{server} is not recursive and does not know"
                elif reply.failure is not None:
                    told = reply.failure.evidence
        raise Untold(f"{dns.rdatatype.to_text(kind)} of {_named(name)}: {told}")


def _chain_of(answer: dns.message.Message, kind: dns.rdatatype.RdataType) -> Iterator[dns.rrset.RRset]:
    """The aliases that begin with the question, then the records."""
    name = answer.question[0].name
    for _ in range(_ALIASES):
        if records := _find(answer.answer, name, kind):
            yield records
            return
        alias = _find(answer.answer, name, dns.rdatatype.CNAME)
        if alias is None:
            return
        yield alias
        name = alias[0].target


def _find(section: Sequence[dns.rrset.RRset], name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
    return next((rrset for rrset in section if rrset.name == name and rrset.rdtype == kind), None)


def _signatures(rrset: dns.rrset.RRset, of: dns.rrset.RRset) -> list[Any]:
    return list(rrset) if rrset.rdtype == dns.rdatatype.RRSIG and rrset.name == of.name and rrset.covers == of.rdtype else []


def _why(signature: Any, now: datetime) -> str:
    ended, begins = (datetime.fromtimestamp(moment, UTC) for moment in (signature.expiration, signature.inception))
    if ended < now:
        return f"the signature ended on {ended:%Y-%m-%d %H:%M} UTC"
    if begins > now:
        return f"the signature begins on {begins:%Y-%m-%d %H:%M} UTC"
    return f"the signature of key {signature.key_tag} is wrong, or that key is not in the zone"


def _named(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True) if name != dns.name.root else "the root zone"


def _shown(records: dns.rrset.RRset) -> str:
    return dns.rdatatype.to_text(records.rdtype)
