"""X24 and X25: the checked address is the one connected to, and each hop of a redirect is judged anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes import http
from statuspage.probes.engine import Engine
from statuspage.probes.fetch import Request, fetch
from statuspage.probes.look import Look
from statuspage.probes.place import BadPlace, follow, parse_place
from statuspage.probes.queries import Server
from statuspage.probes.transfer import Transfer
from tests.probes.servers import Conversation, page, resolving, serving


@pytest.mark.parametrize("number", range(50))
def test_a_resolver_that_changes_its_mind_moves_no_connection(number: int, engine: Engine, look: Look) -> None:
    """Odd numbers flip between check and connection (nobody asks again); even ones between two hops (each is asked and checked anew)."""
    asked: list[str] = []

    def flipping(name: str, kind: str) -> list[str]:
        if kind == "AAAA":
            return []
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else [f"10.{number}.0.1"]

    def answer(conversation: Conversation) -> None:
        if number % 2 == 0 and conversation.path == "/":
            conversation.answer(302, headers=[("Location", "/second")])
        else:
            conversation.answer(200, b"Welcome")

    with serving(answer) as server, resolving(flipping) as resolver:
        target = http.Target(url=f"http://bank{number}.test:{server.port}/", contains=("Welcome",))
        finding = engine.run(http.probe(target, replace(look, servers=(Server("127.0.0.1", resolver.port),))))
        hosts = [conversation.header("host") for conversation in server.requests]

    assert hosts == [f"bank{number}.test:{server.port}"]  # the name stays in Host, and one connection was made
    assert engine.connections == 1
    if number % 2:
        assert (finding.outcome, len(asked)) == (Outcome.PASSED, 1)
    else:
        assert (finding.reason, len(asked)) == (Reason.REDIRECT_REFUSED, 2)


def test_the_hook_on_the_socket_refuses_an_address_that_was_not_checked(engine: Engine) -> None:
    with serving(page()) as server:
        transfer = Transfer(parse_place(server.url), "127.0.0.1", 5.0)
        pinned_elsewhere = _Lying(transfer)
        exchange = engine.run(_one(pinned_elsewhere))

    assert exchange.failure is not None
    assert (exchange.failure.reason, engine.connections, server.accepted) == (Reason.ADDRESS_DENIED, 0, 0)


class _Lying:
    """A transfer of which libcurl is made to connect to another address than the one that was checked."""

    def __init__(self, transfer: Transfer) -> None:
        self.transfer = transfer

    def begin(self, engine: Engine, ended: Any) -> Any:
        from statuspage.probes import transfer as module

        running = module._Running(self.transfer, engine, ended)
        running.wanted = replace(self.transfer, address="127.0.0.9")  # what was checked; libcurl already has 127.0.0.1
        return running.stop


def _one(operation: Any) -> Any:
    return (yield operation)


REDIRECTS: list[tuple[str, str, str, Reason]] = [
    ("another scheme", "ftp://127.0.0.1/", "", Reason.REDIRECT_REFUSED),
    ("a file", "file:///etc/passwd", "", Reason.REDIRECT_REFUSED),
    ("gopher", "gopher://127.0.0.1:25/_HELO", "", Reason.REDIRECT_REFUSED),
    ("a script", "javascript:alert(1)", "", Reason.REDIRECT_REFUSED),
    ("data", "data:text/plain,Welcome", "", Reason.REDIRECT_REFUSED),
    ("the mail port", "http://127.0.0.1:25/", "", Reason.REDIRECT_REFUSED),
    ("the database port", "http://127.0.0.1:5432/", "", Reason.REDIRECT_REFUSED),
    ("port nought", "http://127.0.0.1:0/", "", Reason.REDIRECT_REFUSED),
    ("a port too high", "http://127.0.0.1:70000/", "", Reason.REDIRECT_REFUSED),
    ("a user name", "http://bank@127.0.0.1/", "", Reason.REDIRECT_REFUSED),
    ("a backslash", "http://127.0.0.1\\@bank.test/", "", Reason.REDIRECT_REFUSED),
    ("a blank", "http://127.0.0.1/a b", "", Reason.REDIRECT_REFUSED),
    ("no host", "http:///path", "", Reason.REDIRECT_REFUSED),
    ("a host in another alphabet", "http://b\u00c3\u00bccher.test/", "", Reason.REDIRECT_REFUSED),
    ("a host that is encoded", "http://127.0.0.%31/", "", Reason.REDIRECT_REFUSED),
    ("itself, for ever", "/", "", Reason.REDIRECT_LOOP),
]


@pytest.mark.parametrize(("what", "location", "_", "reason"), REDIRECTS, ids=[row[0] for row in REDIRECTS])
def test_a_redirect_that_may_not_be_followed_is_not(what: str, location: str, _: str, reason: Reason, engine: Engine, look: Look) -> None:
    with serving(lambda c: c.answer(302, headers=[("Location", location)])) as server:
        finding = engine.run(http.probe(http.Target(url=server.url), look))

    assert (finding.outcome, finding.reason) == (Outcome.FAILED, reason)
    assert engine.connections == (4 if reason is Reason.REDIRECT_LOOP else 1)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/café", "/caf%C3%A9"),
        ("/señal?q=ñ#ü", "/se%C3%B1al?q=%C3%B1"),
        ("café", "/caf%C3%A9"),
        ("http://127.0.0.1:{port}/€", "/%E2%82%AC"),
        ("/caf%C3%A9/é", "/caf%C3%A9/%C3%A9"),
        ("/voilà", "/voil%C3%A0"),  # whose last byte would be a blank in Latin-1
        ("ñ:x", "/%C3%B1:x"),  # no scheme has such a letter
    ],
)
def test_letters_of_other_alphabets_in_a_redirect_are_encoded_as_browsers_do(location: str, path: str, engine: Engine, look: Look) -> None:
    def answer(conversation: Conversation) -> None:
        if conversation.path == "/":
            raw = location.format(port=server.port).encode().decode("latin-1")
            conversation.answer(302, headers=[("Location", raw)])
        else:
            conversation.answer(200, b"Welcome")

    with serving(answer) as server:
        finding = engine.run(http.probe(http.Target(url=server.url, contains=("Welcome",)), look))

    assert finding.outcome is Outcome.PASSED
    assert server.requests[-1].path == path


@given(st.text(st.characters(max_codepoint=255)))
def test_whatever_a_redirect_says_it_leads_to_a_place_of_one_spelling_or_nowhere(location: str) -> None:
    start = parse_place("http://bank.test/a/b")
    try:
        place = follow(start, location)
    except BadPlace:
        return

    assert place == parse_place(place.url)
    assert place.url.isascii()


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "//127.0.0.1/"])
def test_only_http_and_https_can_be_configured(url: str) -> None:
    with pytest.raises(ValueError, match="not http or https"):
        http.Target(url=url)


@pytest.mark.parametrize(("hops", "passes"), [(0, True), (1, True), (3, True), (4, False)])
def test_three_redirects_are_followed_and_a_fourth_is_not(hops: int, passes: bool, engine: Engine, look: Look) -> None:
    def answer(conversation: Conversation) -> None:
        left = int(conversation.path[1:])
        conversation.answer(302, headers=[("Location", f"/{left - 1}")]) if left else conversation.answer(200, b"Welcome")

    with serving(answer) as server:
        finding = engine.run(http.probe(http.Target(url=f"{server.url}/{hops}"), look))

    assert (finding.outcome is Outcome.PASSED) is passes
    assert engine.connections == min(hops, 3) + 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_are_not_carried_to_another_origin(status: int, engine: Engine, look: Look) -> None:
    secrets = {"Authorization": "Bearer canary-word", "X-Device": "canary-word", "Cookie": "s=canary-word"}
    with serving(page()) as other, serving(lambda c: c.answer(status, headers=[("Location", other.url)])) as first:
        target = http.Target(url=first.url, secret_headers=secrets, ports=(other.port,), ends_at=f"{other.url}/")
        finding = engine.run(http.probe(target, look))

    assert finding.outcome is Outcome.PASSED
    assert "canary-word" in first.requests[0].head
    assert "canary-word" not in other.requests[0].head


@pytest.mark.parametrize(("status", "followed"), [(301, True), (302, True), (303, True), (307, False), (308, False)])
def test_a_form_never_goes_to_another_origin(status: int, followed: bool, engine: Engine, look: Look) -> None:
    with serving(page()) as other, serving(lambda c: c.answer(status, headers=[("Location", other.url)])) as first:
        place = parse_place(first.url)
        request = Request(place, "POST", {"Content-Type": "text/plain"}, b"password=canary-word", ports=frozenset({other.port}))
        answer = engine.run(fetch(request, look, look.deadline()))

    assert (answer.failure is None) is followed
    assert [(c.method, c.body) for c in other.requests] == ([("GET", b"")] if followed else [])


def test_a_redirect_from_https_to_http_is_refused(engine: Engine, look: Look, authority: Any) -> None:
    context = authority.server("127.0.0.1")
    with serving(page()) as plain, serving(lambda c: c.answer(302, headers=[("Location", plain.url)]), tls=context) as safe:
        target = http.Target(url=safe.url, ca_file=authority.file, ports=(plain.port,))
        finding = engine.run(http.probe(target, look))

    assert (finding.reason, plain.accepted) == (Reason.REDIRECT_REFUSED, 0)
    assert "https to http" in finding.evidence


def test_no_proxy_of_the_environment_is_used(engine: Engine, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(page(b"from the proxy")) as proxy, serving(page(b"Welcome")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        finding = engine.run(http.probe(http.Target(url=server.url, contains=("Welcome",)), look))

    assert (finding.outcome, proxy.accepted) == (Outcome.PASSED, 0)
