"""http, tcp, tls, dns against real servers: each fault has its own reason (P6, P10-P12), and nothing it says breaks a log (X29)."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pycurl
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes import dns, http, tcp, tls
from statuspage.probes.addresses import AddressRules
from statuspage.probes.engine import Engine, Together
from statuspage.probes.faults import CurlError, explain
from statuspage.probes.findings import Finding, clean
from statuspage.probes.look import Look
from statuspage.probes.notebook import Notebook
from statuspage.probes.parts import combine
from statuspage.probes.queries import Server
from tests.probes.conftest import Authority
from tests.probes.servers import Answer, Conversation, Decide, drip, hang, page, resolving, serving

# --- pages -----------------------------------------------------------------------------------------------------------------------


def _cut_off(conversation: Conversation) -> None:
    conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nWelc")


def _chunks(body: bytes) -> Answer:
    return _say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)


def _say(data: bytes) -> Answer:
    return lambda conversation: conversation.send(data)


PAGES: list[tuple[str, Answer, dict[str, Any], Outcome, Reason]] = [
    ("what is expected", page(b"Welcome"), {"contains": ("Welcome",), "lacks": ("Sorry",)}, Outcome.PASSED, Reason.AS_EXPECTED),
    ("another status", page(b"Welcome", 503), {}, Outcome.FAILED, Reason.HTTP_STATUS),
    ("a status that is expected", page(b"no", 401), {"expect_status": (401, 403)}, Outcome.PASSED, Reason.AS_EXPECTED),
    ("a missing text", page(b"Maintenance"), {"contains": ("Welcome",)}, Outcome.FAILED, Reason.TEXT_MISSING),
    ("a forbidden text", page(b"Welcome. Balance $---"), {"lacks": ("$---",)}, Outcome.FAILED, Reason.TEXT_FORBIDDEN),
    ("a pattern that is missing", page(b"EUR ---"), {"matches": (r"EUR [0-9]+",)}, Outcome.FAILED, Reason.TEXT_MISSING),
    ("a pattern that is forbidden", page(b"Error 1234"), {"avoids": (r"Error [0-9]+",)}, Outcome.FAILED, Reason.TEXT_FORBIDDEN),
    ("an empty page", page(b""), {}, Outcome.FAILED, Reason.BODY_EMPTY),
    ("a page that is too small", page(b"x"), {"min_bytes": 10}, Outcome.FAILED, Reason.TEXT_MISSING),
    ("a page that is too large", page(b"x" * 20), {"max_bytes": 10}, Outcome.FAILED, Reason.BODY_TOO_LARGE),
    ("a body that is cut off", _cut_off, {}, Outcome.FAILED, Reason.CONNECTION_RESET),
    ("no answer at all", lambda c: None, {}, Outcome.FAILED, Reason.CONNECTION_RESET),
    ("a size of a chunk that is no number", _chunks(b"ZZ\r\nWelcome\r\n0\r\n\r\n"), {}, Outcome.FAILED, Reason.HTTP_PROTOCOL),
    ("a size of a chunk that is below nought", _chunks(b"-7\r\nWelcome\r\n0\r\n\r\n"), {}, Outcome.FAILED, Reason.HTTP_PROTOCOL),
    ("a size of a chunk beyond all bounds", _chunks(b"F" * 40 + b"\r\nWelcome\r\n0\r\n\r\n"), {}, Outcome.FAILED, Reason.HTTP_PROTOCOL),
    ("a chunk that is longer than it says", _chunks(b"3\r\nWelcome\r\n0\r\n\r\n"), {}, Outcome.FAILED, Reason.HTTP_PROTOCOL),
    ("a chunk that is cut off", _chunks(b"FFFF\r\nWelcome"), {}, Outcome.FAILED, Reason.CONNECTION_RESET),
    ("something else than HTTP", _say(b"220 mail.bank.test ESMTP\r\n"), {}, Outcome.FAILED, Reason.HTTP_PROTOCOL),
    ("too many requests", page(b"slow down", 429), {}, Outcome.BLOCKED, Reason.BLOCKED_AS_BOT),
    ("a challenge", page(b"x", 403, [("cf-mitigated", "challenge")]), {}, Outcome.BLOCKED, Reason.BLOCKED_AS_BOT),
    ("HEAD without a body", page(b""), {"method": "HEAD"}, Outcome.PASSED, Reason.AS_EXPECTED),
    ("Latin-1 read as such", page("Konto geöffnet".encode("latin-1"), headers=[("Content-Type", "text/html; charset=ISO-8859-1")]),
     {"contains": ("geöffnet",)}, Outcome.PASSED, Reason.AS_EXPECTED),
]  # fmt: skip


@pytest.mark.parametrize(("_", "answer", "target", "outcome", "reason"), PAGES, ids=[row[0] for row in PAGES])
def test_each_page_gets_its_own_reason(
    _: str, answer: Answer, target: dict[str, Any], outcome: Outcome, reason: Reason, engine: Engine, look: Look
) -> None:
    with serving(answer) as server:
        finding = engine.run(http.probe(http.Target(url=server.url, **target), look))

    assert (finding.outcome, finding.reason) == (outcome, reason)


def test_a_redirect_to_a_sorry_page_elsewhere_is_the_wrong_place(engine: Engine, look: Look) -> None:
    with serving(page(b"Sorry, back soon")) as sorry, serving(lambda c: c.answer(302, headers=[("Location", sorry.url)])) as server:
        finding = engine.run(http.probe(http.Target(url=server.url, ports=(sorry.port,)), look))

    assert (finding.outcome, finding.reason) == (Outcome.FAILED, Reason.WRONG_PLACE)


def test_a_redirect_within_the_site_must_end_where_it_should(engine: Engine, look: Look) -> None:
    def answer(conversation: Conversation) -> None:
        conversation.answer(302, headers=[("Location", "/home?x=1")]) if conversation.path == "/" else conversation.answer(200, b"Welcome")

    with serving(answer) as server:
        fine = engine.run(http.probe(http.Target(url=server.url, ends_at="/home"), look))
        wrong = engine.run(http.probe(http.Target(url=server.url, ends_at="/sign-in"), look))

    assert (fine.outcome, wrong.reason) == (Outcome.PASSED, Reason.WRONG_PLACE)
    assert "x=1" not in wrong.evidence


def test_a_page_that_works_slowly_is_degraded(engine: Engine, look: Look) -> None:
    with serving(page()) as server:
        finding = engine.run(http.probe(http.Target(url=server.url), replace(look, slow_s=1e-6)))

    assert (finding.outcome, finding.reason) == (Outcome.DEGRADED, Reason.TOO_SLOW)


def test_all_phases_are_timed(engine: Engine, look: Look, authority: Authority) -> None:
    with serving(page(), tls=authority.server("127.0.0.1")) as server:
        finding = engine.run(http.probe(http.Target(url=server.url, ca_file=authority.file), look))

    assert set(finding.phases_ms) == {"dns", "connect", "tls", "first_byte", "total"}
    assert finding.latency_ms == finding.phases_ms["total"]
    assert sum(finding.phases_ms.values()) - finding.latency_ms <= finding.latency_ms


def test_a_refused_connection_and_one_that_hangs_are_told_apart(engine: Engine, look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with serving(hang) as server:
        refused = engine.run(http.probe(http.Target(url=f"http://127.0.0.1:{port}/"), look))
        silent = engine.run(http.probe(http.Target(url=server.url), replace(look, timeout_s=0.2)))

    assert (refused.reason, silent.reason) == (Reason.CONNECT_REFUSED, Reason.READ_TIMEOUT)


def test_a_listener_that_accepts_nobody_is_a_connect_timeout(engine: Engine, look: Look) -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # fills the queue of connections that wait to be accepted
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        finding = engine.run(tcp.probe(tcp.Target("127.0.0.1", full.getsockname()[1]), replace(look, timeout_s=0.3)))

    assert finding.reason is Reason.CONNECT_TIMEOUT


def test_dripping_servers_are_cut_at_the_deadline_and_delay_nobody(engine: Engine, look: Look) -> None:
    """P10: 50 servers that drip for ever, 50 that are well, one thread."""
    ended: list[str] = []

    def note(name: str) -> Callable[[Any, Any], None]:
        return lambda finding, _error: ended.append(f"{name} {finding.reason}")

    with serving(drip) as dripping, serving(page()) as healthy:
        for _ in range(50):
            engine.start(http.probe(http.Target(url=dripping.url), replace(look, timeout_s=2.0)), note("drip"))
            engine.start(http.probe(http.Target(url=healthy.url), look), note("healthy"))
        while len(ended) < 100:
            engine.turn(0.5)

    assert ended[:50] == ["healthy as_expected"] * 50  # none waited for a dripping one
    assert ended[50:] == ["drip read_timeout"] * 50


# --- certificates (P11) ------------------------------------------------------------------------------------------------------------


def _weak(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server with a 1024-bit key, from an issuer that a client may trust."""
    issuer_key, key = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 1024)
    now, name = datetime.datetime.now(datetime.UTC), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Weak issuer")])

    def build(subject: x509.Name, public: Any, ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(name).public_key(public).serial_number(x509.random_serial_number())
        )
        builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=90))
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.test")]), critical=False)
        return builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True).sign(issuer_key, hashes.SHA256())

    issuer, leaf = build(name, issuer_key.public_key(), True), build(x509.Name([]), key.public_key(), False)
    pem = serialization.Encoding.PEM
    (folder / "issuer.pem").write_bytes(issuer.public_bytes(pem))
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(folder / "leaf.pem", folder / "key.pem")
    return context, str(folder / "issuer.pem")


def _old_protocol(authority: Authority) -> ssl.SSLContext:
    context = authority.server("bank.test")
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.fixture
def named(look: Look) -> Iterator[Look]:
    """A look for which bank.test is 127.0.0.1."""
    with resolving(lambda _name, kind: ["127.0.0.1"] if kind == "A" else []) as resolver:
        yield replace(look, servers=(Server("127.0.0.1", resolver.port),))


def _own_issuer() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("bank.test").configure_cert(context)
    return context


CERTIFICATES: list[tuple[str, Callable[[Authority], ssl.SSLContext], Reason]] = [
    ("fine", lambda a: a.server("bank.test"), Reason.AS_EXPECTED),
    ("expired", lambda a: a.server("bank.test", not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)), Reason.TLS_EXPIRED),
    ("not valid yet", lambda a: a.server("bank.test", not_before=datetime.datetime(2035, 1, 1, tzinfo=datetime.UTC)), Reason.TLS_EXPIRED),
    ("another host", lambda a: a.server("other.test"), Reason.TLS_WRONG_HOST),
    ("an unknown issuer", lambda a: _own_issuer(), Reason.TLS_UNTRUSTED),
    ("an old protocol only", _old_protocol, Reason.TLS_WEAK),
]


@pytest.mark.parametrize(("_", "context", "reason"), CERTIFICATES, ids=[row[0] for row in CERTIFICATES])
@pytest.mark.parametrize("kind", ["http", "tls"])
def test_each_certificate_fault_has_its_own_reason(
    _: str, context: Callable[[Authority], ssl.SSLContext], reason: Reason, kind: str, engine: Engine, named: Look, authority: Authority
) -> None:
    with serving(page(), tls=context(authority)) as server:
        if kind == "http":
            work = http.probe(http.Target(url=f"https://bank.test:{server.port}/", ca_file=authority.file), named)
        else:
            work = tls.probe(tls.Target("bank.test", server.port, ca_file=authority.file, warn_days=14), named)
        finding = engine.run(work)

    assert finding.reason is reason
    assert finding.outcome is (Outcome.PASSED if reason is Reason.AS_EXPECTED else Outcome.FAILED)


def test_a_key_that_is_too_small_is_weak(engine: Engine, named: Look, tmp_path: Path) -> None:
    context, issuer = _weak(tmp_path)
    with serving(page(), tls=context) as server:
        finding = engine.run(tls.probe(tls.Target("bank.test", server.port, ca_file=issuer), named))

    assert (finding.outcome, finding.reason) == (Outcome.FAILED, Reason.TLS_WEAK)


def test_a_server_with_older_versions_than_wanted_is_weak(engine: Engine, named: Look, authority: Authority) -> None:
    context = authority.server("bank.test")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(page(), tls=context) as server:
        strict = engine.run(tls.probe(tls.Target("bank.test", server.port, min_version="1.3", ca_file=authority.file), named))
        usual = engine.run(tls.probe(tls.Target("bank.test", server.port, ca_file=authority.file), named))

    assert (strict.reason, usual.outcome) == (Reason.TLS_WEAK, Outcome.PASSED)


def test_plain_text_where_tls_should_be_is_a_tls_fault(engine: Engine, named: Look, authority: Authority) -> None:
    with serving(lambda c: c.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), reads=False) as server:
        finding = engine.run(tls.probe(tls.Target("bank.test", server.port, ca_file=authority.file), named))

    assert (finding.outcome, finding.reason) == (Outcome.FAILED, Reason.TLS_FAULT)


def test_a_captive_portal_is_not_mistaken_for_the_bank(engine: Engine, named: Look, authority: Authority) -> None:
    with serving(page(b"Sign in to the hotel network"), tls=_own_issuer()) as portal:
        finding = engine.run(http.probe(http.Target(url=f"https://bank.test:{portal.port}/", ca_file=authority.file), named))

    assert finding.reason is Reason.TLS_UNTRUSTED


@pytest.mark.parametrize("text", [None, "", "no certificate at all"], ids=["missing", "empty", "something else"])
@pytest.mark.parametrize("kind", ["http", "tls"])
def test_a_file_of_issuers_that_cannot_be_used_is_our_own_trouble_and_no_outage(
    kind: str, text: str | None, engine: Engine, named: Look, authority: Authority, tmp_path: Path
) -> None:
    issuers = tmp_path / "issuers.pem"
    if text is not None:
        issuers.write_text(text)
    with serving(page(), tls=authority.server("bank.test")) as server:
        if kind == "http":
            work = http.probe(http.Target(url=f"https://bank.test:{server.port}/", ca_file=str(issuers)), named)
        else:
            work = tls.probe(tls.Target("bank.test", server.port, ca_file=str(issuers)), named)
        finding = engine.run(work)

    assert (finding.outcome, finding.reason) == (Outcome.NO_DATA, Reason.PROBER_FAULT)
    assert "ca_file" in finding.evidence


@pytest.mark.parametrize(
    "code",
    [pycurl.E_FAILED_INIT, pycurl.E_OUT_OF_MEMORY, pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_CIPHER, pycurl.E_SSL_ENGINE_INITFAILED],
)
def test_what_libcurl_lacks_on_this_machine_is_our_own_trouble(code: int) -> None:
    failure = explain(CurlError(code, "", 0, 0, connected=True, secured=False, received=0))

    assert failure.reason is Reason.PROBER_FAULT


EXPIRING = [
    (40, Reason.AS_EXPECTED, ""),
    (20, Reason.TLS_EXPIRES_SOON, "Soon"),
    (10, Reason.TLS_EXPIRES_SOON, "Now"),
    (2, Reason.TLS_EXPIRES_SOON, "At once"),
]


@pytest.mark.parametrize(("days", "reason", "urgency"), EXPIRING)
def test_a_certificate_about_to_expire_alarms_operators_and_hurts_nobody(
    days: int, reason: Reason, urgency: str, engine: Engine, named: Look, authority: Authority
) -> None:
    expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    with serving(page(), tls=authority.server("bank.test", not_after=expires)) as server:
        finding = engine.run(tls.probe(tls.Target("bank.test", server.port, ca_file=authority.file), replace(named, name="shop")))

    assert (finding.outcome, finding.reason) == (Outcome.PASSED, reason)
    told = [text for text in finding.alarms.values() if text]
    assert [text.split(":")[0] for text in told] == ["Soon", "Now", "At once"][: len(told)]
    assert (told[-1] if told else "").startswith(urgency) and bool(told) is bool(urgency)
    assert len(finding.alarms) == 3, "each degree of urgency is an alarm of its own: an open one is not told again"


def test_a_certificate_that_changes_long_before_its_end_alarms_operators_once(engine: Engine, named: Look, authority: Authority) -> None:
    look, seen = replace(named, name="shop"), []
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=20)
    late = soon + datetime.timedelta(days=300)
    first, second, third = (authority.server("bank.test", not_after=until) for until in (late, late, soon))
    fourth = authority.server("bank.test", not_after=late)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for context in (first, first, second, first, third, fourth):
        with serving(page(), tls=context, at_port=port):
            finding = engine.run(tls.probe(tls.Target("bank.test", port, ca_file=authority.file), look))
        seen.append(finding.alarms.get("certificate:shop:changed", ""))
        assert Notebook.load(look.notebook.dump()).dump() == look.notebook.dump()

    assert [bool(text) for text in seen] == [False, False, True, False, True, False]
    assert "shows another certificate, though the old one was good until" in seen[2]


def test_an_alarm_about_one_address_is_not_ended_by_another_that_is_well() -> None:
    well = Finding(Outcome.PASSED, Reason.AS_EXPECTED, {}, 1.0, "", alarms={"certificate:shop": ""})
    ill = replace(well, alarms={"certificate:shop": "Soon: renew"})

    for order in ([well, ill], [ill, well]):
        assert combine([("a", order[0]), ("b", order[1])]).alarms == {"certificate:shop": "Soon: renew"}
    assert combine([("a", well), ("b", well)]).alarms == {"certificate:shop": ""}


# --- parts (P6) --------------------------------------------------------------------------------------------------------------------

LOOPBACKS = [f"127.0.0.{number}" for number in range(1, 6)]


def free_everywhere() -> int:
    """A port that nobody uses on any of these addresses."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("kind", ["tcp", "tls", "http each", "http first"])
@pytest.mark.parametrize("bad", [0, 1, 2, 4, 5])
def test_some_addresses_failing_is_partial_and_all_of_them_an_outage(
    kind: str, bad: int, engine: Engine, look: Look, authority: Authority
) -> None:
    """P6: a name with five addresses, `bad` of which nobody serves."""
    context = authority.server("bank.test") if kind == "tls" else None
    with ExitStack() as stack:
        first = stack.enter_context(serving(page(), tls=context, host=LOOPBACKS[-1], at_port=free_everywhere()))
        for address in LOOPBACKS[bad:-1]:
            stack.enter_context(serving(page(), tls=context, host=address, at_port=first.port))
        if bad == len(LOOPBACKS):
            first.close()
        resolver = stack.enter_context(resolving(lambda _name, asked: LOOPBACKS if asked == "A" else []))
        wide = replace(look, rules=AddressRules.of(["127.0.0.0/8"]), servers=(Server("127.0.0.1", resolver.port),))
        url = f"http://bank.test:{first.port}/"
        works = {
            "tcp": lambda: tcp.probe(tcp.Target("bank.test", first.port), wide),
            "tls": lambda: tls.probe(tls.Target("bank.test", first.port, ca_file=authority.file), wide),
            "http each": lambda: http.probe(http.Target(url=url, each_address=True), wide),
            "http first": lambda: http.probe(http.Target(url=url), wide),
        }
        finding = engine.run(works[kind]())

    if bad == len(LOOPBACKS):
        assert (finding.outcome, finding.reason, finding.partial) == (Outcome.FAILED, Reason.CONNECT_REFUSED, False)
    elif bad:
        assert (finding.outcome, finding.reason, finding.partial) == (Outcome.FAILED, Reason.SOME_ADDRESSES, True)
    else:
        assert (finding.outcome, finding.partial) == (Outcome.PASSED, False)


# --- names (P12) -------------------------------------------------------------------------------------------------------------------

NAMES: list[tuple[str, Decide, Reason]] = [
    ("no such name", lambda _n, _k: "NXDOMAIN", Reason.DNS_NXDOMAIN),
    ("a server in trouble", lambda _n, _k: "SERVFAIL", Reason.DNS_SERVFAIL),
    ("a server that refuses", lambda _n, _k: "REFUSED", Reason.DNS_SERVFAIL),
    ("a silent server", lambda _n, _k: None, Reason.DNS_TIMEOUT),
    ("a name without addresses", lambda _n, _k: [], Reason.DNS_NO_ANSWER),
    ("an alias that leads nowhere", lambda _n, _k: ["CNAME nowhere.test."], Reason.DNS_NO_ANSWER),
    ("the wrong address", lambda _n, _k: ["192.0.2.99"], Reason.DNS_WRONG_ANSWER),
    ("the right address", lambda _n, _k: ["192.0.2.1"], Reason.AS_EXPECTED),
]


@pytest.mark.parametrize(("_", "decide", "reason"), NAMES, ids=[row[0] for row in NAMES])
def test_each_fault_of_a_name_has_its_own_reason(_: str, decide: Decide, reason: Reason, engine: Engine, look: Look) -> None:
    with resolving(decide) as one, resolving(decide) as other:
        resolvers = (f"127.0.0.1:{one.port}", f"127.0.0.1:{other.port}")
        target = dns.Target("bank.test", resolvers, allowed=("192.0.2.1", "192.0.2.2"))
        finding = engine.run(dns.probe(target, replace(look, timeout_s=0.4)))

    assert finding.reason is reason
    assert finding.outcome is (Outcome.PASSED if reason is Reason.AS_EXPECTED else Outcome.FAILED)
    assert not finding.partial


@pytest.mark.parametrize(("_", "decide", "reason"), NAMES[:5], ids=[row[0] for row in NAMES[:5]])
def test_faults_of_names_are_not_mixed_with_those_of_pages(_: str, decide: Decide, reason: Reason, engine: Engine, look: Look) -> None:
    with resolving(decide) as resolver:
        servers = (Server("127.0.0.1", resolver.port),)
        finding = engine.run(http.probe(http.Target(url="http://bank.test/"), replace(look, timeout_s=0.5, servers=servers)))

    assert (finding.outcome, finding.reason, engine.connections) == (Outcome.FAILED, reason, 0)


def test_one_resolver_that_is_wrong_is_a_partial_failure(engine: Engine, look: Look) -> None:
    with resolving(lambda _n, _k: ["192.0.2.1"]) as one, resolving(lambda _n, _k: ["192.0.2.99"]) as other:
        resolvers = (f"127.0.0.1:{one.port}", f"127.0.0.1:{other.port}")
        finding = engine.run(dns.probe(dns.Target("bank.test", resolvers, allowed=("192.0.2.1",)), look))

    assert (finding.outcome, finding.reason, finding.partial) == (Outcome.FAILED, Reason.DNS_WRONG_ANSWER, True)


@pytest.mark.parametrize(
    ("kind", "one", "other", "agree"),
    [
        ("SOA", ["ns.bank.test. host.bank.test. 7 3600 600 86400 300"], ["ns.bank.test. host.bank.test. 7 3600 600 86400 60"], True),
        ("SOA", ["ns.bank.test. host.bank.test. 7 3600 600 86400 300"], ["ns.bank.test. host.bank.test. 8 3600 600 86400 300"], False),
        ("NS", ["a.bank.test.", "b.bank.test."], ["b.bank.test.", "a.bank.test."], True),
        ("NS", ["a.bank.test.", "b.bank.test."], ["a.bank.test."], False),
    ],
)
def test_name_servers_that_tell_different_versions_of_a_zone_alarm_operators(
    kind: str, one: list[str], other: list[str], agree: bool, engine: Engine, look: Look
) -> None:
    with resolving(lambda _n, _k: one) as first, resolving(lambda _n, _k: other) as second:
        resolvers = (f"127.0.0.1:{first.port}", f"127.0.0.1:{second.port}")
        finding = engine.run(dns.probe(dns.Target("bank.test", resolvers, type=kind), replace(look, name="zone")))  # type: ignore[arg-type]

    assert finding.outcome is Outcome.PASSED
    assert ("do not agree" in finding.alarms["zone:zone"]) is not agree


def test_an_answer_too_long_for_a_datagram_is_read_over_tcp(engine: Engine, look: Look) -> None:
    records = [f"192.0.2.{number}" for number in range(1, 120)]
    with resolving(lambda _n, _k: records, truncate=True) as one, resolving(lambda _n, _k: records, truncate=True) as other:
        resolvers = (f"127.0.0.1:{one.port}", f"127.0.0.1:{other.port}")
        finding = engine.run(dns.probe(dns.Target("bank.test", resolvers, allowed=tuple(records)), look))

    assert finding.outcome is Outcome.PASSED


def test_another_name_server_is_asked_when_the_first_is_silent(engine: Engine, look: Look) -> None:
    with (
        serving(page()) as server,
        resolving(lambda _n, _k: "SERVFAIL") as ill,
        resolving(lambda _n, k: ["127.0.0.1"] if k == "A" else []) as well,
    ):
        servers = (Server("127.0.0.1", ill.port), Server("127.0.0.1", well.port))
        finding = engine.run(http.probe(http.Target(url=f"http://bank.test:{server.port}/"), replace(look, servers=servers)))

    assert finding.outcome is Outcome.PASSED


def test_one_resolver_alone_cannot_be_configured() -> None:
    with pytest.raises(ValueError, match="two"):
        dns.Target("bank.test", ("192.0.2.53",))


# --- what is told (X29) --------------------------------------------------------------------------------------------------------------

PAYLOADS = [
    "\r\nSet-Cookie: a=b", "\n2026-01-01 fake log line", "\x1b[31mred", "\x00nul", "\u202egpj.exe", "\u2028line", "\x85next",
    "\ud800half", "\x08\x08\x08", "\u200bzero", "\x7fdel", "\t tab", "\x0bvt", "\x0cff", "\x9bcsi", "\ufefbom", "\u2066iso",
    "\u061cmark", "\x1f", "\x1a",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_control_character_gets_from_a_target_into_evidence(payload: str, engine: Engine, look: Look) -> None:
    raw = payload.encode("utf-8", "surrogatepass").decode("latin-1")
    findings = []
    for headers in ([("Location", f"/a{raw}")], [("Content-Encoding", f"z{raw}")]):
        with serving(lambda c, headers=headers: c.answer(302 if headers[0][0] == "Location" else 200, b"x", headers)) as server:  # type: ignore[misc]
            findings.append(engine.run(http.probe(http.Target(url=server.url), look)))

    for finding in findings:
        assert finding.evidence.isprintable()
        assert len(finding.evidence) <= 500


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("around", ["{}", "before {} after", "{}{}", "x" * 490 + "{}" + "y" * 600])
def test_what_is_told_is_one_printable_line(payload: str, around: str) -> None:
    told = clean(around.replace("{}", payload))

    assert told.isprintable()
    assert len(told) <= 500
    assert told == " ".join(told.split())


def test_work_done_together_raises_the_first_mistake(engine: Engine) -> None:
    def fine() -> Any:
        return 1
        yield

    def broken() -> Any:
        raise RuntimeError("our own mistake")
        yield

    with pytest.raises(RuntimeError, match="our own"):
        engine.run(Together([fine(), broken()]).as_work())
    assert engine.run(Together([fine(), fine()]).as_work()) == [1, 1]
    assert engine.run(Together([]).as_work()) == []
