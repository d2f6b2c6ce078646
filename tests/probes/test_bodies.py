"""X26: whatever a server sends, at most 1 MiB of it is kept, and memory does not follow a bomb."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes import http
from statuspage.probes.decoding import Body
from statuspage.probes.engine import Engine
from statuspage.probes.look import Look
from tests.probes.servers import Answer, Conversation, page, serving

MIB = 1024 * 1024


def _deflated(size: int) -> bytes:
    """`size` zero bytes as raw deflate: one block that stands for itself, again and again."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = engine.compress(bytes(MIB)) + engine.flush(zlib.Z_FULL_FLUSH)
    return block * (size // MIB) + engine.flush()


def _brotli(size: int) -> bytes:
    engine = brotli.Compressor(quality=1)
    return b"".join([engine.process(bytes(MIB)) for _ in range(size // MIB)] + [engine.finish()])


@pytest.fixture(scope="module")
def bombs() -> dict[str, bytes]:
    """300 MiB each once unfolded, 300 KiB on the line; checksums at the end are never reached."""
    raw = _deflated(300 * MIB)
    gz = gzip.compress(b"")[:10] + raw
    return {"gzip": gz, "deflate": b"\x78\xda" + raw, "raw": raw, "br": _brotli(300 * MIB), "triple": gzip.compress(gzip.compress(gz))}


def _resident_kib(name: str) -> int:
    """VmRSS (now) or VmHWM (the most since the last reset) of this process."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _endless_headers(conversation: Conversation) -> None:
    conversation.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        conversation.send(f"X-{number}: {'y' * 80}\r\n".encode())


def _endless_body(conversation: Conversation) -> None:
    conversation.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while not conversation.stop.is_set():
        conversation.send(bytes(65536))


def _endless_chunks(conversation: Conversation) -> None:
    conversation.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not conversation.stop.is_set():
        conversation.send(b"10000\r\n" + bytes(65536) + b"\r\n")


def _empty_blocks(conversation: Conversation) -> None:
    """A gzip stream that never yields a byte."""
    conversation.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10])
    while not conversation.stop.is_set():
        conversation.send(b"\x00\x00\x00\xff\xff" * 10_000)


GZIP = [("Content-Encoding", "gzip")]
CASES: list[tuple[str, Callable[[dict[str, bytes]], Answer], Reason]] = [
    ("a gzip bomb", lambda b: page(b["gzip"], headers=[("Content-Encoding", "gzip")]), Reason.BODY_TOO_LARGE),
    ("a deflate bomb", lambda b: page(b["deflate"], headers=[("Content-Encoding", "deflate")]), Reason.BODY_TOO_LARGE),
    ("a raw deflate bomb", lambda b: page(b["raw"], headers=[("Content-Encoding", "deflate")]), Reason.BODY_TOO_LARGE),
    ("a brotli bomb", lambda b: page(b["br"], headers=[("Content-Encoding", "br")]), Reason.BODY_TOO_LARGE),
    ("three codings in one line", lambda b: page(b["triple"], headers=[("Content-Encoding", "gzip, gzip, gzip")]), Reason.BODY_UNREADABLE),
    ("two codings in two lines", lambda b: page(b["gzip"], headers=[("Content-Encoding", "gzip")] * 2), Reason.BODY_UNREADABLE),
    ("a coding nobody asked for", lambda b: page(b"x", headers=[("Content-Encoding", "zstd")]), Reason.BODY_UNREADABLE),
    ("a coding that is not true", lambda b: page(b"plain", headers=[("Content-Encoding", "gzip")]), Reason.BODY_UNREADABLE),
    ("a body cut off", lambda b: page(gzip.compress(b"x" * 99)[:-9], headers=[("Content-Encoding", "gzip")]), Reason.BODY_UNREADABLE),
    ("a bomb in a second member", lambda b: page(gzip.compress(b"x") + b["gzip"], headers=GZIP), Reason.BODY_TOO_LARGE),
    ("members without content", lambda b: page(gzip.compress(b"") * 50_000, headers=GZIP), Reason.BODY_UNREADABLE),
    ("a body without end", lambda b: _endless_body, Reason.BODY_TOO_LARGE),
    ("chunks without end", lambda b: _endless_chunks, Reason.BODY_TOO_LARGE),
    ("blocks without content", lambda b: _empty_blocks, Reason.BODY_TOO_LARGE),
    ("headers without end", lambda b: _endless_headers, Reason.HEADERS_TOO_LARGE),
]  # fmt: skip


@pytest.mark.parametrize(("_", "make", "reason"), CASES, ids=[case[0] for case in CASES])
def test_too_much_is_cut_off_and_memory_stays_small(
    _: str, make: Callable[[dict[str, bytes]], Answer], reason: Reason, bombs: dict[str, bytes], engine: Engine, look: Look
) -> None:
    with serving(make(bombs)) as server:
        _reset_peak()
        before = _resident_kib("VmRSS")
        finding = engine.run(http.probe(http.Target(url=server.url), look))
        grown_kib = _resident_kib("VmHWM") - before

    assert (finding.outcome, finding.reason) == (Outcome.FAILED, reason)
    assert grown_kib <= 20 * 1024


def test_a_bomb_behind_a_redirect_is_cut_off_too(bombs: dict[str, bytes], engine: Engine, look: Look) -> None:
    def answer(conversation: Conversation) -> None:
        headers = [("Content-Encoding", "gzip")] + ([("Location", "/next")] if conversation.path == "/" else [])
        conversation.answer(302 if conversation.path == "/" else 200, bombs["gzip"], headers)

    with serving(answer) as server:
        finding = engine.run(http.probe(http.Target(url=server.url), look))

    assert finding.reason is Reason.BODY_TOO_LARGE
    assert engine.connections == 1


def test_the_memory_of_decoding_is_a_few_pieces(bombs: dict[str, bytes]) -> None:
    tracemalloc.start()
    for coding, name in (("gzip", "gzip"), ("br", "br"), ("deflate", "raw")):
        body = Body([coding], MIB)
        body.feed(bombs[name][: 900 * 1024])
        assert body.failure is not None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 4 * MIB


def _members(data: bytes) -> bytes:
    """gzip in several members, as those write it who pack in blocks or add to a file."""
    return b"".join(gzip.compress(data[start : start + 1000]) for start in range(0, len(data), 1000)) or gzip.compress(b"")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize("filling", [b"", bytes(20), b"\x1f", b"\x1fx", b"no member", bytes(20) + gzip.compress(b"hidden", mtime=0)])
def test_what_follows_the_last_member_and_is_none_is_left_out(filling: bytes, size: int) -> None:
    coded = gzip.compress(b"Welcome") + gzip.compress(b"") + gzip.compress(b" twice") + filling
    body = Body(["gzip"], MIB)

    for start in range(0, len(coded), size):
        body.feed(coded[start : start + size])

    assert (body.end(), body.failure) == (b"Welcome twice", None)


def test_a_member_that_is_cut_off_makes_the_body_unreadable() -> None:
    body = Body(["gzip"], MIB)

    body.feed(gzip.compress(b"Welcome") + gzip.compress(b" twice")[:-3])
    body.end()

    assert body.failure is not None and body.failure.reason is Reason.BODY_UNREADABLE


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": _members,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "identity": bytes,
    "": bytes,
}


@given(st.binary(max_size=5000), st.sampled_from(sorted(CODERS)), st.integers(1, 700))
def test_what_was_coded_comes_out_whole_however_it_was_cut(data: bytes, coding: str, size: int) -> None:
    coded = CODERS[coding](data)
    body = Body([coding] if coding else [], MIB)

    for start in range(0, len(coded), size):
        body.feed(coded[start : start + size])

    assert body.end() == data
    assert body.failure is None


def test_a_page_of_exactly_the_limit_is_read(engine: Engine, look: Look) -> None:
    with serving(page(b"a" * MIB)) as exact, serving(page(b"a" * (MIB + 1))) as more:
        fine = engine.run(http.probe(http.Target(url=exact.url), look))
        too_much = engine.run(http.probe(http.Target(url=more.url), look))

    assert (fine.outcome, too_much.reason) == (Outcome.PASSED, Reason.BODY_TOO_LARGE)
