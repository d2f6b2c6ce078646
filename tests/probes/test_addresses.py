"""X23: no spelling of an inner address, and no answer of a resolver, leads a probe inside."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes import http
from statuspage.probes.addresses import AddressRules
from statuspage.probes.engine import Engine
from statuspage.probes.look import Look
from statuspage.probes.place import BadPlace, check_host, parse_place
from statuspage.probes.queries import Server
from tests.probes.servers import resolving, serving

ADDRESSES = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "100.100.100.200", "127.0.0.2",
    "127.1.2.3", "127.255.255.255", "169.254.0.1", "169.254.169.254", "169.254.170.2", "168.63.129.16", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.7", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:4136:e378::1", "fd00:ec2::254",
    "fe80::1", "ff02::1",
]  # fmt: skip
SPELLINGS = [
    "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001", "127.1", "127.0.1", "0x7f.1", "127.0.0.1.", "127.0.0.01",
    "127.0.0.0x1", "0", "0.0", "0x0", "127.0.0.256", "1.2.3.4.5", "4294967297", "①②⑦.0.0.1", "１２７.0.0.1", "127。0。0。1",
    "%31%32%37.0.0.1", "127.0.0.1%00", "user@127.0.0.1", "user:word@127.0.0.1", "[::1%25lo]", "[fe80::1%eth0]", "[::ffff:127.0.0.1]x",
    "[v1.127001]", "127.0.0.1\\@bank.test", "127.0.0.1:80:80",
]  # fmt: skip
HOSTS = [f"[{address}]" if ":" in address else address for address in ADDRESSES] + SPELLINGS


def test_the_lists_have_the_size_that_is_asked_for() -> None:
    assert (len(set(ADDRESSES)), len(set(SPELLINGS))) == (40, 30)


@pytest.mark.parametrize("host", HOSTS)
def test_no_connection_is_opened_to_such_a_host(host: str, engine: Engine, look: Look) -> None:
    try:
        target = http.Target(url=f"http://{host}:8080/")
    except ValueError:
        return  # refused when the configuration is read: the probe does not even exist

    finding = engine.run(http.probe(target, replace(look, rules=AddressRules())))

    assert (finding.outcome, finding.reason, engine.connections) == (Outcome.NO_DATA, Reason.ADDRESS_DENIED, 0)


@pytest.mark.parametrize("host", SPELLINGS)
def test_a_spelling_is_refused_even_where_the_address_itself_is_allowed(host: str) -> None:
    with pytest.raises(ValueError, match=r"address|host|port|scheme|number"):
        http.Target(url=f"http://{host}:8080/")


@pytest.mark.parametrize("host", HOSTS)
def test_no_redirect_leads_to_such_a_host(host: str, engine: Engine, look: Look) -> None:
    location = f"http://{host}:8080/".encode().decode("latin-1")
    with serving(lambda c: c.answer(302, headers=[("Location", location)])) as server:
        finding = engine.run(http.probe(http.Target(url=server.url, ports=(8080,)), look))

    assert (finding.outcome, finding.reason) == (Outcome.FAILED, Reason.REDIRECT_REFUSED)
    assert engine.connections == 1


@pytest.mark.parametrize("kind", ["A", "AAAA"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_answer_of_a_resolver_leads_to_such_an_address(address: str, kind: str, engine: Engine, look: Look) -> None:
    bad = {"A": address if ":" not in address else "10.0.0.1", "AAAA": address if ":" in address else f"::ffff:{address}"}
    good = {"A": "93.184.215.14", "AAAA": "2606:2800:21f:cb07:6820:80da:af6b:8b2c"}

    with resolving(lambda _name, asked: [bad[kind]] if asked == kind else [good[asked]]) as resolver:
        servers = (Server("127.0.0.1", resolver.port),)
        finding = engine.run(http.probe(http.Target(url="http://bank.test:8080/"), replace(look, rules=AddressRules(), servers=servers)))

    assert (finding.reason, engine.connections) == (Reason.ADDRESS_DENIED, 0)


@pytest.mark.parametrize("kind", ["A", "AAAA"])
@pytest.mark.parametrize("host", SPELLINGS)
def test_a_resolver_that_takes_a_spelling_for_a_name_is_not_believed(host: str, kind: str, engine: Engine, look: Look) -> None:
    loopback = {"A": ["127.0.0.1"], "AAAA": ["::1"]}
    with resolving(lambda _name, asked: loopback[asked] if asked == kind else []) as resolver:
        servers = (Server("127.0.0.1", resolver.port),)
        try:
            target = http.Target(url=f"http://{host}/")
        except ValueError:
            assert resolver.questions == []
            return
        engine.run(http.probe(target, replace(look, rules=AddressRules(), servers=servers)))

    assert engine.connections == 0


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "::ffff:10.0.0.1", "ff02::1", "168.63.129.16"])
def test_some_addresses_are_denied_whatever_the_administrator_allows(address: str) -> None:
    rules = AddressRules.of(["0.0.0.0/0", "::/0"])

    assert rules.refusal(address) is not None


GATEWAYS = ["64:ff9b::{}", "64:ff9b:1::{}", "2002:{}::", "2001:0:4136:e378:8000:63bf:{}", "::{}"]


def _through(gateway: str, address: str) -> str:
    number = int(ipaddress.IPv4Address(address))
    if gateway.startswith("2001:0:"):
        number ^= 0xFFFFFFFF  # Teredo writes the client's address with every bit turned
    return gateway.replace("{}", f"{number >> 16:x}:{number & 0xFFFF:x}")


@pytest.mark.parametrize("inner", ["169.254.169.254", "127.0.0.1", "10.0.0.1", "168.63.129.16", "224.0.0.1"])
@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_gateway_that_is_allowed_leads_only_where_the_address_inside_it_may_lead(gateway: str, inner: str) -> None:
    """As on a network with IPv6 alone, whose administrator must allow the addresses that its gateway makes up."""
    rules = AddressRules.of(["64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/23", "::/96"])

    assert rules.refusal(_through(gateway, inner)) is not None
    assert rules.refusal(_through(gateway, "93.184.215.14")) is None
    assert AddressRules().refusal(_through(gateway, "93.184.215.14")) is not None


@pytest.mark.parametrize("address", ["169.254.170.23", "169.254.42.42", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe"])
def test_the_metadata_of_no_cloud_is_reached_where_its_whole_network_is_allowed(address: str) -> None:
    assert AddressRules.of(["169.254.0.0/16", "fd00::/8", "fe80::/10"]).refusal(address) is not None


def test_ipv6_loopback_may_be_allowed() -> None:
    assert AddressRules.of(["::1/128"]).refusal("::1") is None


@pytest.mark.parametrize(("address", "allowed"), [("10.1.2.3", "10.1.0.0/16"), ("fd12::7", "fd12::/16"), ("127.0.0.1", "127.0.0.1/32")])
def test_an_inner_address_may_be_reached_where_the_administrator_lists_its_network(address: str, allowed: str) -> None:
    assert AddressRules.of([allowed]).refusal(address) is None
    assert AddressRules().refusal(address) is not None


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4003::5e"])
def test_public_addresses_may_be_reached(address: str) -> None:
    assert AddressRules().refusal(address) is None


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_outside_the_public_range_passes(address: object) -> None:
    public = str(address).startswith(("2", "3")) and len(str(address).split(":")[0]) == 4

    assert public or AddressRules().refusal(str(address)) is not None


@given(st.text(max_size=40))
def test_whatever_host_is_accepted_has_one_spelling(text: str) -> None:
    try:
        host = check_host(text)
    except BadPlace:
        return

    assert check_host(host) == host
    assert parse_place(f"http://{f'[{host}]' if ':' in host else host}/").host == host
