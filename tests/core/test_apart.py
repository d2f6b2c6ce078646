"""A6: what must stand while the bank is down is told apart from the bank, or a warning says what they share."""

from __future__ import annotations

from typing import Any

import pytest

from statuspage.core.apart import Site, domain_of, shared

BLOCKS = "the address block"
PAGE = "status.example.net"
BANK = "www.bank.example"


def site(host: str, **more: Any) -> Site:
    return Site("it", host, **{key: frozenset(value) for key, value in more.items()})


CASES = [
    ("nothing", site(PAGE), site(BANK), ""),
    ("the host", site(BANK), site(BANK), "its host"),
    ("the host, written otherwise", site("WWW.bank.example."), site(BANK), "its host"),
    ("the domain", site("status.bank.example"), site(BANK), "the domain bank.example"),
    ("a domain under a country's kind", site("status.bank.co.uk"), site("www.bank.co.uk"), "the domain bank.co.uk"),
    ("only a country's kind", site("status.co.uk"), site("bank.co.uk"), ""),
    ("only a top level domain", site("status.example"), site("bank.example"), ""),
    (
        "a name server",
        site(PAGE, name_servers=["ns1.bank.example", "b"]),
        site(BANK, name_servers=["ns1.bank.example"]),
        "the name server",
    ),
    ("other name servers", site(PAGE, name_servers=["a.net"]), site(BANK, name_servers=["a.example"]), ""),
    ("an IPv4 block", site(PAGE, addresses=["192.0.2.1"]), site(BANK, addresses=["192.0.2.200"]), f"{BLOCKS} 192.0.2.0/24"),
    (
        "an IPv6 block",
        site(PAGE, addresses=["2001:db8:1:2::1"]),
        site(BANK, addresses=["2001:db8:1:9::1"]),
        f"{BLOCKS} 2001:db8:1::/48",
    ),
    ("neighbouring blocks", site(PAGE, addresses=["192.0.2.1", "2001:db8:1::1"]), site(BANK, addresses=["192.0.3.1", "2001:db8:2::1"]), ""),
    ("addresses in place of names", site("192.0.2.1"), site("198.51.2.1"), ""),
]


@pytest.mark.parametrize(("_", "own", "other", "what"), CASES, ids=[case[0] for case in CASES])
def test_what_is_shared_with_the_bank_is_told(_: str, own: Site, other: Site, what: str) -> None:
    said = list(shared([own], [site("elsewhere.test"), other]))

    assert len(said) == bool(what)
    assert what in "".join(said)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("a.b.bank.com.br", "bank.com.br"),
        ("bank.es", "bank.es"),
        ("x.ing.nl", "ing.nl"),
        ("com.br", ""),
        ("localhost", ""),
        ("::1", ""),
        ("", ""),
    ],
)
def test_the_domain_of_a_host_is_what_somebody_registered(host: str, domain: str) -> None:
    assert domain_of(host) == domain
