"""What the embedded server answers for published files."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import brotli
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from statuspage.outside import Folder
from statuspage.publish.headers import RouteClass, headers_for
from statuspage.publish.manifest import MANIFEST, Manifest
from tests.publish.samples import PAGE, outage, snapshot
from tests.web_public.serving import Answer, Call, ask, publish

SECURITY = ("content-security-policy", "strict-transport-security", "x-content-type-options", "referrer-policy", "permissions-policy")
CACHE = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
ISOLATION = ("cross-origin-opener-policy", "cross-origin-resource-policy", "x-frame-options")


def addresses(published: Path) -> list[str]:
    """The address of every file of the hot set."""
    manifest = Manifest.from_bytes(Folder(published).read(MANIFEST))
    return [f"/{path}".removesuffix("index.html") for path in manifest.files]


# --- every route -----------------------------------------------------------------------------------------------------------


def test_every_route_carries_the_cache_rule_a_strong_validator_and_the_headers_of_its_class(published: Path, call: Call) -> None:
    """A8, X20"""
    asked = 0

    for path in addresses(published):
        answer = call(path)
        assert answer.headers["cache-control"] == CACHE, path
        assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["etag"]), path
        assert "last-modified" in answer.headers and "accept-encoding" in answer.headers["vary"].lower()
        assert_guarded(answer, path)
        asked += 1

    assert asked > 130


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/en/feed.atom", "/en/feed.atom"),
        ("/de/feed.rss", "/de/feed.rss"),
        ("/es/feed.json", "/es/feed.json"),
        ("/fr/components/component-1/feed.atom", "/fr/components/component-1/feed.atom"),
        ("/history.rss", "/en/feed.rss"),
        ("/history.atom", "/en/feed.atom"),
    ],
)
def test_a_feed_names_its_hubs_and_its_own_address_in_its_head_too(path: str, own: str, hubs: Call) -> None:
    """WebSub, section 4: who looks into heads alone finds them, and JSON Feed has no other place that the standard knows."""
    told = f'<https://hub.example.com/?a=1&b=2>; rel="hub", <https://%3Eodd.example.com/%0A>; rel="hub", <{PAGE.url}{own}>; rel="self"'

    assert hubs(path).headers["link"] == told
    assert hubs(path, if_none_match=hubs(path).headers["etag"]).headers["link"] == told


def test_what_is_no_feed_names_no_hub_and_no_feed_does_where_there_is_none(hubs: Call, call: Call) -> None:
    assert "link" not in hubs("/en/").headers and "link" not in hubs("/api/v2/summary.json").headers
    assert "link" not in call("/en/feed.atom").headers


def test_a_feed_that_stays_the_same_names_a_hub_as_soon_as_the_manifest_does(tmp_path: Path) -> None:
    found = outage()
    publish(tmp_path, replace(found, page=replace(found.page, hubs=("https://hub.example.com/",))))
    folder = Folder(tmp_path)
    newer = json.loads(folder.read(MANIFEST) or b"")
    folder.write(MANIFEST, json.dumps({key: value for key, value in newer.items() if key not in ("page", "hubs")}).encode())
    call = Call(tmp_path)
    before = call("/en/feed.atom").headers
    folder.write(MANIFEST, json.dumps(newer).encode())
    call.app.look()

    after = call("/en/feed.atom").headers

    assert "link" not in before and before["etag"] == after["etag"]
    assert after["link"].startswith('<https://hub.example.com/>; rel="hub"')


@pytest.fixture(scope="module")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Call:
    """A page that tells hubs of its feeds."""
    folder = tmp_path_factory.mktemp("hubs")
    found = outage()
    publish(folder, replace(found, page=replace(found.page, hubs=("https://hub.example.com/?a=1&b=2", "https://>odd.example.com/\n"))))
    return Call(folder)


def assert_guarded(answer: Answer, path: str) -> None:
    policy, framed = answer.headers["content-security-policy"], path.endswith(".htm")
    expected = {*SECURITY, *ISOLATION} - ({"x-frame-options"} if framed else set())
    assert all(name in answer.headers for name in expected), path
    for rule in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors *" if framed else "frame-ancestors 'none'"):
        assert rule in policy, path
    assert "unsafe" not in policy and "*" not in policy.removesuffix("frame-ancestors *")
    assert int(re.findall(r"max-age=(\d+)", answer.headers["strict-transport-security"])[0]) >= 31_536_000
    assert answer.headers["x-content-type-options"] == "nosniff"
    html = answer.headers.get("content-type", "").startswith("text/html") and not framed  # 204 has no content
    assert ("access-control-allow-origin" in answer.headers) == (not html), path
    assert ("form-action 'self'" if html else "form-action 'none'") in policy
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("path", "method", "query", "status"),
    [
        ("/nothing", "GET", "", 404),
        ("/u/ZZZZZZZ", "GET", "", 404),
        ("/en/", "POST", "", 405),
        ("/en/", "TRACE", "", 405),
        ("/../secret", "GET", "", 400),
        ("/en/", "GET", "x" * 5000, 414),
        ("/u/", "GET", "code=K7Q2MXP", 303),
    ],
)
def test_errors_carry_the_headers_too(call: Call, path: str, method: str, query: str, status: int) -> None:
    """X20"""
    answer = call(path, method, query)

    assert answer.status == status
    assert_guarded(answer, path)


def test_while_nothing_was_published_it_says_so_with_the_headers(tmp_path: Path) -> None:
    answer = Call(tmp_path)("/en/")

    assert answer.status == 503 and answer.headers["retry-after"] == "5"
    assert_guarded(answer, "/en/")


def test_the_policy_names_the_very_style_and_script_of_the_pages(published: Path, call: Call) -> None:
    """X20: no inline script but hashed ones; the same policy in the page itself, for a bare bucket sends none."""
    for path in addresses(published):
        if not path.endswith(("/", ".html")):
            continue
        answer = call(path)
        body, policy = answer.body.decode(), answer.headers["content-security-policy"]
        meta = re.findall(r'<meta http-equiv="Content-Security-Policy" content="(.*?)">', body)
        assert meta == [policy.removesuffix("; frame-ancestors 'none'").replace("'", "&#39;")], path
        inline = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", body, re.DOTALL)
        assert inline and all(_source(text) in policy for text in inline), path
        assert len(re.findall(r"<(?:style|script)\b(?! type=\"application/ld)", body)) == len(inline)  # data is not run, so not hashed


def _source(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_console_s_list_keeps_no_copies_and_allows_no_inline_script() -> None:
    """X20"""
    found = headers_for(RouteClass.CONSOLE)

    assert found["Cache-Control"] == "no-store"
    assert "script-src 'self'" in found["Content-Security-Policy"] and "unsafe" not in found["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in found


@pytest.mark.parametrize("path", ["/api/v2/summary.json", "/en/feed.atom", "/en/badges/component-0.svg", "/status.txt"])
def test_a_script_of_another_origin_may_ask_with_validators_and_see_them(call: Call, path: str) -> None:
    """If-None-Match is no header that browsers send anywhere unasked, nor ETag one that they show."""
    asked = {"HTTP_ORIGIN": "https://bank.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET"}

    answer = call(path, "OPTIONS", **asked, HTTP_ACCESS_CONTROL_REQUEST_HEADERS="if-none-match")

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "GET" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "If-None-Match, If-Modified-Since"
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "ETag" in call(path).headers["access-control-expose-headers"]
    assert_guarded(answer, path)


@pytest.mark.parametrize("path", ["/api/v2/nothing.json", "/api/v2/incidents/none.json", "/api/v2/"])
def test_what_the_api_has_not_is_told_in_its_own_format_to_scripts_of_every_origin(call: Call, path: str) -> None:
    asked = {"HTTP_ORIGIN": "https://bank.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET"}

    answer = call(path)

    assert (answer.status, json.loads(answer.body)) == (404, {"error": "Not found"})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert (answer.headers["access-control-allow-origin"], answer.headers["cache-control"]) == ("*", "no-store")
    assert_guarded(answer, path)
    assert call(path, "OPTIONS", **asked).status == 204
    head = call(path, "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (404, b"", str(len(answer.body)))


@pytest.mark.parametrize("path", ["/en/", "/nothing", "/api/v3/nothing.json"])
def test_pages_are_for_no_script_of_another_origin(call: Call, path: str) -> None:
    answer = call(path, "OPTIONS", HTTP_ORIGIN="https://bank.example", HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET")

    assert answer.status == 405 and "access-control-allow-methods" not in answer.headers


# --- bodies ----------------------------------------------------------------------------------------------------------------


def test_a_reader_gets_the_smallest_coding_it_takes(port: int) -> None:
    plain = ask(port, "/en/", Accept_Encoding="identity")
    zipped = ask(port, "/en/", Accept_Encoding="gzip, deflate")
    smallest = ask(port, "/en/", Accept_Encoding="gzip, deflate, br, zstd")

    assert "content-encoding" not in plain.headers
    assert gzip.decompress(zipped.body) == plain.body and zipped.headers["content-encoding"] == "gzip"
    assert brotli.decompress(smallest.body) == plain.body and smallest.headers["content-encoding"] == "br"
    assert len({plain.headers["etag"], zipped.headers["etag"], smallest.headers["etag"]}) == 3
    assert len(smallest.body) < len(zipped.body) < len(plain.body)


@pytest.mark.parametrize(
    ("wish", "coding"),
    [("", None), ("br;q=0, gzip", "gzip"), ("br;q=0, gzip;q=0", None), ("*", "br"), ("*;q=0", None), ("gzip;q=x", None), ("GZIP", "gzip")],
)
def test_a_refused_coding_is_not_sent(call: Call, wish: str, coding: str | None) -> None:
    assert call("/en/", accept_encoding=wish).headers.get("content-encoding") == coding


@pytest.mark.parametrize(
    ("wish", "coding"),
    [
        ("br;q=0.1, gzip;q=1", "gzip"),
        ("gzip;q=0.8, br;q=0.9", "br"),
        ("gzip;q=0.5, br;q=0.5", "br"),
        ("gzip;q=0.5, *;q=0.9", "br"),
        ("br;q=0.2, *;q=0.9", "gzip"),
        ("identity;q=1, gzip;q=0.5", None),
        ("gzip, identity", "gzip"),
    ],
)
def test_of_codings_the_one_that_is_liked_best_is_sent(call: Call, wish: str, coding: str | None) -> None:
    assert call("/en/", accept_encoding=wish).headers.get("content-encoding") == coding


def test_head_says_what_get_would_and_sends_nothing(port: int) -> None:
    got, told = ask(port, "/en/"), ask(port, "/en/", "HEAD")

    ignored = ("date", "server")
    assert told.body == b"" and told.status == 200
    assert {k: v for k, v in told.headers.items() if k not in ignored} == {k: v for k, v in got.headers.items() if k not in ignored}
    assert int(told.headers["content-length"]) == len(got.body)


def test_each_kind_of_file_has_its_type(call: Call) -> None:
    assert call("/en/").headers["content-type"] == "text/html; charset=utf-8"
    assert call("/en/feed.atom").headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert call("/en/feed.rss").headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert call("/en/feed.json").headers["content-type"] == "application/feed+json; charset=utf-8"
    assert call("/api/v2/status.json").headers["content-type"] == "application/json; charset=utf-8"
    assert call("/status.txt").headers["content-type"] == "text/plain; charset=utf-8"
    assert call("/en/voice.txt").headers["content-type"] == "text/plain; charset=utf-8"
    assert call("/en/voice.xml").headers["content-type"] == "text/xml; charset=utf-8"
    assert call("/en/badges/component-1.svg").headers["content-type"] == "image/svg+xml; charset=utf-8"


# --- validators ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_a_copy_that_is_still_good_is_not_sent_again(port: int, coding: str) -> None:
    first = ask(port, "/en/feed.atom", Accept_Encoding=coding)

    again = ask(port, "/en/feed.atom", Accept_Encoding=coding, If_None_Match=first.headers["etag"])

    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"] and again.headers["cache-control"] == CACHE


def test_the_tag_of_another_coding_is_another_copy(call: Call) -> None:
    tag = call("/en/", accept_encoding="gzip").headers["etag"]

    assert call("/en/", if_none_match=tag).status == 200


@pytest.mark.parametrize(("tags", "status"), [('"nothing"', 200), ("*", 304), ('W/"x", {etag}', 304), ("W/{etag}", 304), ("", 200)])
def test_lists_of_tags_are_read(call: Call, tags: str, status: int) -> None:
    etag = call("/en/").headers["etag"]

    assert call("/en/", if_none_match=tags.replace("{etag}", etag)).status == status


def test_the_moment_decides_only_where_no_tag_is_given(call: Call) -> None:
    moment = call("/en/").headers["last-modified"]

    assert call("/en/", if_modified_since=moment).status == 304
    assert call("/en/", if_modified_since="Sat, 01 Jan 2000 00:00:00 GMT").status == 200
    assert call("/en/", if_modified_since=moment, if_none_match='"other"').status == 200
    assert call("/en/", if_modified_since="nonsense").status == 200


# --- addresses -------------------------------------------------------------------------------------------------------------


def test_a_query_makes_no_new_copy(call: Call) -> None:
    """A8"""
    for path in ("/en/", "/api/v2/summary.json", "/en/feed.atom"):
        plain, busted = call(path), call(path, query="cachebuster=12345&x[]=1")
        assert (plain.body, plain.headers) == (busted.body, busted.headers)


def test_the_root_speaks_the_reader_s_language_without_sending_it_elsewhere(call: Call) -> None:
    german = call("/", accept_language="de-AT,de;q=0.9,en;q=0.5")

    assert german.status == 200 and german.body == call("/de/").body
    assert german.headers["vary"] == "Accept-Encoding, Accept-Language"
    assert call("/").body == call("/en/").body
    assert call("/", accept_language="fi, xx;q=2, fr;q=0.1").body == call("/fr/").body
    assert call("/contact/", accept_language="nl").body == call("/nl/contact/").body


def test_an_address_with_or_without_its_last_stroke_is_the_same_page(call: Call) -> None:
    assert call("/en").body == call("/en/").body
    assert call("/contact").body == call("/en/contact/").body


def test_a_code_is_found_however_it_is_typed(call: Call) -> None:
    page = call("/u/K7Q2MXP").body

    assert b"Genuine: this message is from us" in page
    assert call("/u/k7q2mxp/").body == page
    assert call("/u/", query="code=+k7q2-mxp+").headers["location"] == "/u/K7Q2MXP/"
    assert call("/u/", query=f"code={quote('к7q2 мхр')}").headers["location"] == "/u/K7Q2MXP/", "Cyrillic letters of the same shape"
    assert call("/u/", query="code=K702MXP").headers["location"] == "/u/K7Q2MXP/", "no code has 0 or O"


@pytest.mark.parametrize("path", ["/en/u/K7Q2MXP", "/de/u/K7Q2MXP/", "/de/u/k7q2mxp", "/U/K7Q2MXP", "/DE/u/K7Q2MXP"])
def test_the_address_of_a_code_may_name_a_language_and_be_written_in_capitals(call: Call, path: str) -> None:
    answer = call(path)

    assert (answer.status, answer.body) == (200, call("/u/K7Q2MXP").body)


@pytest.mark.parametrize(
    "spelled",
    [
        "K7Q-2MXP",
        "K7Q2MXP.",
        "K7Q2MXP)",
        "\u041a7Q2MXP",
        "K7Q2MXP ",
        " K7Q 2MXP",
        "K7Q\u200b2MXP",
        "K7Q\u00a02MXP",
        "Ref:K7Q2MXP",
        "K702MXP",
    ],
)
def test_the_address_of_a_code_is_understood_in_any_spelling(call: Call, spelled: str) -> None:
    answer = call("/u/" + spelled.encode().decode("latin-1"))  # as WSGI has it

    assert (answer.status, answer.body) == (200, call("/u/K7Q2MXP").body)


@pytest.mark.parametrize("path", ["/u/K7Q2MXP/../x", "/u/. ./x", "/u/a//b", "/u/K7Q2\x00MXP", "/en/ /u/K7Q2MXP", "/e n/"])
def test_what_cannot_be_read_is_refused_beside_codes_too(call: Call, path: str) -> None:
    assert call(path).status == 400


@pytest.mark.parametrize("path", ["/xx/u/K7Q2MXP", "/en/de/u/K7Q2MXP", "/uu/K7Q2MXP", "/en/history/u/K7Q2MXP"])
def test_only_our_languages_stand_before_a_code(call: Call, path: str) -> None:
    assert call(path).status == 404


@pytest.mark.parametrize("path", ["/u/unknown", "/u/UNKNOWN", "/u/K7Q2MXP/x", "/u/\xff", "/de/u/unknown/", "/de/u/K7Q2MX\u00fc"])
def test_the_address_of_no_code_says_so(call: Call, path: str) -> None:
    answer = call(path, accept_language="de")

    assert answer.status == 404
    assert "Dieser Code ist nicht von uns" in answer.body.decode()


@pytest.mark.parametrize("path", ["/u", "/en/u", "/de/u/", "/U/"])
def test_the_form_is_answered_with_and_without_a_language(call: Call, path: str) -> None:
    assert call(path, query="code=k7q2mxp").headers["location"] == "/u/K7Q2MXP/"
    assert call(path, query="code=no+such+code!").headers["location"] == "/u/unknown/"


@pytest.mark.parametrize(
    "typed",
    [
        "Ref K7Q2MXP",
        "https://status.test/u/K7Q2MXP",
        "http://STATUS.test/u/k7q2mxp/",
        " status.test/u/K7Q2MXP",
        "Ref.-Nr. K7Q2MXP",
        "HTTPS://status.test/de/u/K7Q2MXP?fbclid=abc",
        "(https://status.test/u/K7Q2MXP).",
        "\u200ehttps://status.test/U/K7Q2MXP#x",
        "/u/K7Q2MXP",
    ],
)
def test_what_a_message_carries_can_be_pasted_whole(call: Call, typed: str) -> None:
    answer = call("/u/", query=f"code={quote(typed)}", host="status.test")

    assert answer.headers["location"] == "/u/K7Q2MXP/"


@pytest.mark.parametrize(
    "typed",
    [
        "https://evil.example/u/K7Q2MXP",
        "https://status.test@evil.example/u/K7Q2MXP",
        "https://status.test.evil.example/u/K7Q2MXP",
        "https://evil.example/status.test/u/K7Q2MXP",
        "https://status.test/elsewhere/u/K7Q2MXP",
        "https://status.test/elsewhere?/u/K7Q2MXP",
        "https://status.test\\@evil.example/u/K7Q2MXP",
        "//evil.example/u/K7Q2MXP",
        "(https://evil.example/u/K7Q2MXP)",
        "https://evil.example/de/u/K7Q2MXP K7Q2MXP",
        "ftp://status.test/u/K7Q2MXP",
        "https://evil.example/u/ K7Q2MXP",
    ],
)
def test_the_address_of_another_host_is_never_told_to_be_ours(call: Call, typed: str) -> None:
    answer = call("/u/", query=f"code={quote(typed)}", host="status.test")

    assert answer.headers["location"] == "/u/unknown/"


@pytest.mark.parametrize("typed", ["ZZZZZZZ", "zzzzzzz/"])
def test_a_code_that_is_not_ours_is_told_so_in_words(call: Call, typed: str) -> None:
    answer = call(f"/u/{typed}", accept_language="de")

    assert answer.status == 404
    assert "Dieser Code ist nicht von uns" in answer.body.decode()


@pytest.mark.parametrize(
    "typed", ["//evil.example", "https://evil.example", "../../etc", "%0d%0aSet-Cookie:x", "K7Q2MX!", "\u202eK7Q2MXP", "A" * 300, "/\\evil"]
)
def test_whatever_is_typed_leads_to_a_page_of_our_own(call: Call, typed: str) -> None:
    """X33"""
    answer = call("/u/", query=f"code={quote(typed)}")

    assert answer.status == 303
    assert answer.headers["location"] == "/u/unknown/"
    assert call("/u/unknown/").status == 404


def test_a_missing_page_is_answered_in_the_language_of_its_address(call: Call) -> None:
    assert "Cette page n&#39;existe pas" in call("/fr/nothing").body.decode()
    assert "Deze pagina bestaat niet" in call("/nothing", accept_language="nl").body.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/en/../../x",
        "/en/./",
        "//en/",
        "/en//",
        "/.archive/2026-11.json",
        "/.writing",
        "/en/.git/config",
        "/\\x",
        "/en\\..\\x",
        "/en/\x00",
        "/en/\r\n",
        "/en/ x",
        "en/",
        "/en/\x7f",
        "/..",
        "/en/..",
    ],
)
def test_nonsense_in_an_address_is_refused_before_anything_is_looked_up(call: Call, path: str) -> None:
    """X40"""
    assert call(path).status == 400


@pytest.mark.parametrize("path", ["/" + "a" * 3900, "/" + "a/" * 900, "/en/ü", "/u/" + "A" * 400])
def test_a_strange_address_is_a_page_that_does_not_exist(call: Call, path: str) -> None:
    assert call(path).status == 404


@given(path=st.text(max_size=80), query=st.text(max_size=40), accept=st.text(max_size=40), tag=st.text(max_size=40))
@hypothesis_settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_brings_the_server_to_fall(call: Call, path: str, query: str, accept: str, tag: str) -> None:
    answer = call(f"/{path}", query=query, accept_language=accept, accept_encoding=accept, if_none_match=tag, if_modified_since=tag)

    assert answer.status in (200, 303, 304, 400, 404, 414)


@pytest.mark.parametrize("path", ["/console", "/console/sign-in", "/api/v1/incidents", "/health", "/metrics"])
def test_the_application_answers_for_its_own_paths(call: Call, path: str) -> None:
    assert call(path, "POST").headers["x-behind"] == path


@pytest.mark.parametrize("path", ["/consolex", "/api/v2/summary.json", "/healthy", "/api/v1x", "/static/x"])
def test_the_application_is_not_asked_for_anything_else(call: Call, path: str) -> None:
    assert "x-behind" not in call(path).headers


def test_a_page_under_a_path_is_served_under_it_and_at_the_root(tmp_path: Path) -> None:
    publish(tmp_path, replace(snapshot(), page=replace(PAGE, url="https://bank.example/status")))
    call = Call(tmp_path)

    assert call("/status/en/").status == call("/en/").status == 200
    assert call("/status").status == 200
    assert call("/status/u/", query="code=K7Q2MXP").headers["location"] == "/status/u/K7Q2MXP/"


# --- editions --------------------------------------------------------------------------------------------------------------


class Ticks:
    """A clock whose ticks the test gives."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at


def test_a_new_edition_is_taken_up_within_a_tenth_of_a_second_and_not_looked_for_before(tmp_path: Path) -> None:
    publish(tmp_path, snapshot(), 1)
    clock = Ticks()
    call = Call(tmp_path, clock=clock)
    call("/en/")

    publish(tmp_path, outage(), 2)

    clock.at += 0.05
    assert b"Everything is working" in call("/en/").body
    clock.at += 0.06
    assert b"Some of our services are down" in call("/en/").body


def test_an_edition_that_is_being_replaced_is_never_served_half(tmp_path: Path) -> None:
    publish(tmp_path, snapshot(), 1)
    clock = Ticks()
    call = Call(tmp_path, clock=clock)
    before = {path: call(path).body for path in ("/en/", "/status.txt", "/api/v2/summary.json")}
    publish(tmp_path, outage(), 2)
    folder = Folder(tmp_path)
    good = folder.read(PurePosixPath("status.txt")) or b""
    folder.write(PurePosixPath("status.txt"), b"of the third edition")

    clock.at += 1
    half = {path: call(path).body for path in before}
    folder.write(PurePosixPath("status.txt"), good)
    clock.at += 1

    assert half == before
    assert b"Some of our services are down" in call("/en/").body


def test_files_of_the_archive_come_from_disk_with_validators(published: Path, tmp_path: Path) -> None:
    publish(tmp_path, outage())
    Folder(tmp_path).write(PurePosixPath("en/history/2025-01/index.html"), b"<p>long ago</p>")
    call = Call(tmp_path)

    answer = call("/en/history/2025-01/")

    assert answer.body == b"<p>long ago</p>"
    assert call("/en/history/2025-01/", if_none_match=answer.headers["etag"]).status == 304
    assert_guarded(answer, "/en/history/2025-01/")
