"""Is a name's answer signed, and validly from an anchor down (RFC 4033 to 4035)? Keys are asked for with checking disabled: a
resolver that checks by itself would say SERVFAIL and no more.

That something does *not* exist is taken from a recursive name server without proof (NSEC): this watches over the bank's zone, it
does not defend a client.
"""

from __future__ import annotations

import struct
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
from cryptography.exceptions import UnsupportedAlgorithm

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
_ALGORITHMS = frozenset({8, 10, 13, 14, 15, 16})  # RSA with SHA-2, ECDSA, EdDSA: what RFC 8624 says must or may be validated, without SHA-1
_DIGESTS = frozenset({2, 4})  # SHA-256, SHA-384
_MANY = 16  # records of a kind that are looked at: whoever sends more wants to keep us busy (CVE-2023-50387)
_KEYS = 64  # of one zone
_TRIED = 4  # signatures of one set of records, and keys of one number
_UNREADABLE = (dns.exception.DNSException, ValueError, IndexError, struct.error, UnsupportedAlgorithm)


class Bogus(Exception):
    """A resolver that checks would refuse the answer: customers behind it could not reach the name."""


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
            raise Untold("there are no records")
        return Proof(min(until))

    def _verified(self, section: Sequence[dns.rrset.RRset], records: dns.rrset.RRset, above: bool = False) -> Work[datetime]:
        """Until when these records are signed. above: only by a zone above the one of that name."""
        signatures = [one for rrset in section for one in _signatures(rrset, records)]
        signers = {one.signer for one in signatures if records.name.is_subdomain(one.signer) and not (above and one.signer == records.name)}
        if not signers:
            if not above:
                yield from self._must_be_unsigned(records)
            raise Unsigned(f"{_shown(records)} of {_named(records.name)} is not signed")
        zone = max(signers)
        keys, until = yield from self._keys_of(zone)
        return min(until, self._verify(records, [one for one in signatures if one.signer == zone], keys))

    def _keys_of(self, zone: dns.name.Name) -> Work[tuple[dns.rrset.RRset, datetime]]:
        if zone in self._keys:
            return self._keys[zone]
        vouched, until = yield from self._vouched_for(zone)
        answer = yield from self._ask(zone, dns.rdatatype.DNSKEY)
        keys = _find(answer.answer, zone, dns.rdatatype.DNSKEY)
        if keys is not None and len(keys) > _KEYS:
            raise Untold(f"{_named(zone)} shows {len(keys)} keys; at most {_KEYS} are looked at")
        named = self._named_keys(zone, keys, vouched) if keys else []
        if keys is None or not named:
            if zone in self._anchors:
                raise Untold(f"the keys of {_named(zone)} that are trusted here are not those that it shows")
            raise Bogus(f"{_named(zone)} shows none of the keys (DNSKEY) that the zone above it names (DS)")
        signatures = [one for rrset in answer.answer for one in _signatures(rrset, keys)]
        trusted = dns.rrset.from_rdata_list(zone, keys.ttl, named)
        self._keys[zone] = keys, min(until, self._verify(keys, signatures, trusted))
        return self._keys[zone]

    def _vouched_for(self, zone: dns.name.Name) -> Work[tuple[list[Any], datetime]]:
        """The DS records of a zone that can be made use of, by an anchor or by the zone above it."""
        if zone in self._anchors:
            return list(self._anchors[zone]), datetime.max.replace(tzinfo=UTC)
        answer = yield from self._ask(zone, dns.rdatatype.DS)
        vouched = _find(answer.answer, zone, dns.rdatatype.DS)
        if vouched is None:
            raise Unsigned(f"the zone above {_named(zone)} has no DS record of it, so nothing vouches for it")
        until = yield from self._verified(answer.answer, vouched, above=True)
        usable = [one for one in vouched if one.algorithm in _ALGORITHMS and one.digest_type in _DIGESTS]
        if not usable:
            raise Unsigned(f"the keys of {_named(zone)} are of a kind that is not known here")
        return usable, until

    def _named_keys(self, zone: dns.name.Name, keys: dns.rrset.RRset, vouched: Sequence[Any]) -> list[Any]:
        """Those of the keys that one of the DS records names."""
        wanted = {(one.key_tag, one.algorithm) for one in vouched}
        known = [key for key in keys if (dns.dnssec.key_id(key), key.algorithm) in wanted][:_MANY]
        return [key for key in known if any(_digest(zone, key, one) == one for one in vouched[:_MANY])]

    def _verify(self, records: dns.rrset.RRset, signatures: Sequence[Any], keys: dns.rrset.RRset) -> datetime:
        """When the first signature ends that is found to be good. One is enough (RFC 6840, section 5.11)."""
        usable = [one for one in signatures if one.algorithm in _ALGORITHMS]
        if signatures and not usable:
            raise Unsigned(f"the signature of {_shown(records)} of {_named(records.name)} is of a kind that is not known here")
        wrong = ["there is no signature of a key that the zone shows"]
        for one in usable[:_MANY]:
            fitting = [key for key in keys if key.algorithm == one.algorithm and dns.dnssec.key_id(key) == one.key_tag][:_TRIED]
            if fitting and len(wrong) <= _TRIED:
                try:
                    made_by = dns.rrset.from_rdata_list(keys.name, keys.ttl, fitting)
                    dns.dnssec.validate_rrsig(records, one, {keys.name: made_by}, now=self._now.timestamp())
                    return datetime.fromtimestamp(one.expiration, UTC)
                except _UNREADABLE:
                    wrong.append(_why(one, self._now))
        if keys.name in self._anchors and records.rdtype == dns.rdatatype.DNSKEY:
            raise Untold(f"the keys of {_named(keys.name)}: {wrong[-1]}; is this machine's clock right?")
        raise Bogus(f"{_shown(records)} of {_named(records.name)}: {wrong[-1]}")

    def _must_be_unsigned(self, records: dns.rrset.RRset) -> Work[None]:
        """Raises Bogus where signatures are missing that the zone above promises."""
        name = records.name
        while True:  # an alias has no SOA record of its own: the answer is about where it leads
            answer = yield from self._ask(name, dns.rdatatype.SOA)
            owners = [one.name for one in (*answer.answer, *answer.authority) if one.rdtype == dns.rdatatype.SOA]
            zone = next((owner for owner in owners if name.is_subdomain(owner)), None)
            if zone is not None:
                break
            if name == dns.name.root:
                return
            name = name.parent()
        yield from self._vouched_for(zone)  # raises Unsigned where nothing is promised
        what = f"{_shown(records)} of {_named(records.name)} is not signed"
        raise Bogus(f"{what}, although the zone above {_named(zone)} says that it is")

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
        made_of = (one for one in answer.answer if one.rdtype == dns.rdatatype.DNAME and name.is_subdomain(one.name) and name != one.name)
        yield next(made_of, alias)  # an alias made of a DNAME record is never signed itself (RFC 6672, section 5.3.1)
        name = alias[0].target


def _find(section: Sequence[dns.rrset.RRset], name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
    return next((rrset for rrset in section if rrset.name == name and rrset.rdtype == kind), None)


def _digest(zone: dns.name.Name, key: Any, like: Any) -> Any:
    try:
        return dns.dnssec.make_ds(zone, key, like.digest_type, validating=True)
    except _UNREADABLE:
        return None


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
