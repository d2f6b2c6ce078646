"""A page is read as browsers read it: else a word that everybody sees is missing, and a bank that works is down."""

from __future__ import annotations

import codecs
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.vocabulary import Outcome
from statuspage.probes import http, journey
from statuspage.probes.charset import _LABELS, as_page
from statuspage.probes.engine import Engine
from statuspage.probes.journey import Target
from statuspage.probes.look import Look
from statuspage.probes.steps import Expect, Number, Step
from tests.probes.servers import page, serving

HTML = "text/html"
META = '<!doctype html><html><head><meta charset="%s"><title>x</title>Contraseña €'
EQUIV = "<meta http-equiv=Content-Type content='text/html; charset=%s'>Contraseña €"
FAR = "<title>" + "x" * 1024 + "</title>" + META

PAGES = [
    # what the header says
    ("", "Contraseña €", "utf-8", "Contraseña €"),
    (HTML, "Contraseña €", "utf-8", "Contraseña €"),
    ("text/html; charset=utf-8", "Contraseña €", "utf-8", "Contraseña €"),
    ("text/html; charset=ISO-8859-1", "Contraseña €", "cp1252", "Contraseña €"),
    ("text/html; charset=us-ascii", "Contraseña €", "cp1252", "Contraseña €"),
    ("text/html; charset=ISO-8859-15", "Contraseña €", "iso-8859-15", "Contraseña €"),
    ('text/html; charset="windows-1252"; x=y', "Contraseña €", "cp1252", "Contraseña €"),
    ("text/html; charset=windows-1250", "Złoty €", "cp1250", "Złoty €"),
    ("text/html;charset=koi8-r", "Вход", "koi8-r", "Вход"),
    ("text/html; charset=shift_jis", "ログイン", "cp932", "ログイン"),
    ("text/html; charset=gb2312", "登录", "gbk", "登录"),
    ("text/html; charset=utf-16", "Contraseña €", "utf-16-le", "Contraseña €"),
    ("text/html; charset=utf-16be", "Contraseña €", "utf-16-be", "Contraseña €"),
    ("text/html; charset=klingon", "Contraseña €", "utf-8", "Contraseña €"),
    # a byte order mark counts more than the header
    ("text/html; charset=utf-16", "Contraseña €", "utf-16", "Contraseña €"),
    ("text/html; charset=iso-8859-1", "Contraseña €", "utf-8-sig", "Contraseña €"),
    ("application/json", "{}", "utf-8-sig", "{}"),
    ("", "Contraseña €", "utf-16", "Contraseña €"),
    # what the page says, where the header says nothing
    (HTML, META % "iso-8859-1", "cp1252", META % "iso-8859-1"),
    (HTML, META % "iso-8859-15", "iso-8859-15", META % "iso-8859-15"),
    ("", META % "iso-8859-15", "iso-8859-15", META % "iso-8859-15"),
    (HTML, EQUIV % "iso-8859-15", "iso-8859-15", EQUIV % "iso-8859-15"),
    (HTML, META % "utf-16", "utf-8", META % "utf-16"),
    (HTML, META % "klingon" + META % "latin1", "cp1252", META % "klingon" + META % "latin1"),
    (HTML, "<META CHARSET = Latin1 />ñ", "cp1252", "<META CHARSET = Latin1 />ñ"),
    (HTML, "<!-- <meta charset=latin1> -->ñ", "utf-8", "<!-- <meta charset=latin1> -->ñ"),
    (HTML, "<!-- <meta charset=latin1> ñ", "utf-8", "<!-- <meta charset=latin1> ñ"),
    (HTML, "<div title='<meta charset=latin1>'>ñ", "utf-8", "<div title='<meta charset=latin1>'>ñ"),
    (HTML, "<meta name=x content='charset=latin1'>ñ", "utf-8", "<meta name=x content='charset=latin1'>ñ"),
    (HTML, FAR % "latin1", "utf-8", FAR % "latin1"),
    ("text/html; charset=utf-8", META % "latin1", "utf-8", META % "latin1"),
    ("application/json", '{"a": "<meta charset=latin1>ñ"}', "utf-8", '{"a": "<meta charset=latin1>ñ"}'),
    ("text/xml", '<?xml version="1.0" encoding="ISO-8859-1"?><a>ñ</a>', "cp1252", '<?xml version="1.0" encoding="ISO-8859-1"?><a>ñ</a>'),
    # codecs of Python that are no encodings of pages
    ("text/html; charset=unicode_escape", "\\u0041", "utf-8", "\\u0041"),
    ("text/html; charset=utf-7", "+AGE-", "utf-8", "+AGE-"),
    ("text/html; charset=idna", "ñ", "utf-8", "ñ"),
    ("text/html; charset=zlib", "ñ", "utf-8", "ñ"),
]


@pytest.mark.parametrize(("content_type", "text", "codec", "read"), PAGES, ids=range(len(PAGES)))
def test_a_page_is_read_as_browsers_read_it(content_type: str, text: str, codec: str, read: str) -> None:
    assert as_page(text.encode(codec), content_type) == read


@given(
    st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: not text.startswith("\ufeff")), st.sampled_from(sorted(_LABELS))
)
def test_what_can_be_written_in_an_encoding_is_read_from_it(text: str, codec: str) -> None:
    """Under each of its names, in the header and in the page."""
    body = text.encode(codec, "ignore")
    for label in _LABELS[codec].split():
        if not body.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)):
            assert as_page(body, f"text/html; charset={label}") == body.decode(codec, "replace")


@pytest.mark.parametrize("codec", sorted(_LABELS))
def test_every_byte_is_read_as_its_codec_reads_it(codec: str) -> None:
    body = bytes(range(256)) * 2

    assert as_page(body, f"text/html; charset={_LABELS[codec].split()[0]}") == body.decode(codec, "replace")


@given(
    st.binary(max_size=3000), st.sampled_from(["", "text/html", "text/xml", "text/html; charset=iso-2022-jp", "text/html; charset=utf-16"])
)
def test_any_bytes_are_read_and_never_as_more_letters_than_bytes(body: bytes, content_type: str) -> None:
    assert len(as_page(body, content_type)) <= len(body)


@pytest.mark.parametrize("piece", [b"<meta ", b"<!--", b"<meta charset=", b'<meta content="', b"<?xml encoding", b"<a b='"])
def test_a_page_that_never_says_it_is_looked_at_for_1024_bytes(piece: bytes) -> None:
    body = piece * (1_000_000 // len(piece))

    assert as_page(body, "text/html") == body.decode()


def test_json_may_begin_with_a_byte_order_mark(engine: Engine, look: Look) -> None:
    body = '\ufeff{"balance": 12.5}'.encode()
    with serving(page(body, headers=[("Content-Type", "application/json")])) as server:
        step = Step("read", "/", expect=Expect(numbers=(Number(json="$.balance", min=1),)))
        finding = engine.run(journey.probe(Target(server.url, (step,)), look))

    assert finding.outcome is Outcome.PASSED


def test_a_compressed_page_says_it_too(engine: Engine, look: Look) -> None:
    body = gzip.compress((META % "iso-8859-15").encode("iso-8859-15"))
    with serving(page(body, headers=[("Content-Type", "text/html"), ("Content-Encoding", "gzip")])) as server:
        finding = engine.run(http.probe(http.Target(url=server.url, contains=("Contraseña €",)), look))

    assert finding.outcome is Outcome.PASSED
