"""`statuspage check` warns of a page or a mail relay that hangs on the same things as the bank (A6)."""

from __future__ import annotations

from pathlib import Path

import dns.resolver
import yaml

from statuspage.cli.names import looked_up
from statuspage.core.apart import Site, shared
from tests.cli.terminal import Terminal
from tests.probes.servers import resolving

ZONES = {
    ("status.example.net.", "A"): ["192.0.2.10"],
    ("example.net.", "NS"): ["NS1.dns.example.", "ns2.dns.example."],
    ("www.bank.test.", "A"): ["198.51.100.1", "198.51.100.2"],
    ("www.bank.test.", "AAAA"): ["2001:db8::1"],
    ("bank.test.", "NS"): ["ns1.dns.example."],
}


def test_name_servers_and_addresses_are_asked_for_and_what_nobody_tells_is_left_out() -> None:
    with resolving(lambda name, kind: ZONES.get((name + ".", kind), "NXDOMAIN")) as server:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
        page, bank, gone = looked_up([Site("a", "status.example.net"), Site("b", "www.bank.test"), Site("c", "gone.test")], resolver)

    assert page.addresses == {"192.0.2.10"} and page.name_servers == {"ns1.dns.example", "ns2.dns.example"}
    assert bank.addresses == {"198.51.100.1", "198.51.100.2", "2001:db8::1"} and bank.name_servers == {"ns1.dns.example"}
    assert not gone.addresses and not gone.name_servers
    assert looked_up([Site("d", "192.0.2.77")], resolver)[0].addresses == {"192.0.2.77"}
    assert list(shared([page], [gone, bank])) == [
        "a (status.example.net) shares the name server ns1.dns.example with b (www.bank.test): what brings that down may take it along"
    ]


def test_check_compares_domains_and_asks_nobody(bare: Terminal, tmp_path: Path) -> None:
    bare.ok("init", "--output", str(bare.config))
    of = yaml.safe_load(bare.config.read_text())
    of["page"]["url"] = "https://status.bank.example"
    of["probes"] = [{**of["probes"][0], "kind": "http", "target": {"url": "https://www.bank.example/"}}]
    bare.config.write_text(yaml.safe_dump(of))

    warned = bare.json("check")["warnings"]
    of["page"]["url"] = "https://bank-status.example"
    bare.config.write_text(yaml.safe_dump(of))

    assert [told for told in warned if "the page (status.bank.example) shares the domain bank.example" in told]
    assert not [told for told in bare.json("check")["warnings"] if "shares" in told]
