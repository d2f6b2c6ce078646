"""What our counting lets pass, the networks' own counters take (D25)."""

from __future__ import annotations

import random

import pytest
import regex

from broadcasters.text import Limits, Unit, fits
from statuspage.demo.networks.server import RunningNetworks
from tests.broadcasters.bench import KINDS, Hands, bench_for

COUNT = 500
LINK = "https://status.bank.es/u/K7Q2M3X"
PIECES = (
    "Pagos con tarjeta: no funcionan. ", "Wir prüfen die Ursache. ", "l’accès est rétabli ", "e\u0301", "n\u0303", "q\u0303\u0323",
    "…", "€", "“", "”", "日本語のお知らせ",
    "خدمة البطاقات متوقفة ", "שירות ", "हिन्दी ", "👨‍👩‍👧‍👦", "🇪🇸", "🇧🇪", "👋🏽", "☺️", "1️⃣", "🏳️‍🌈", "⚠️", "\n\n", " ", "— ",
    "bank.es ", "https://bank.es/aviso ", "15:05 CET. ", "‏", "한국어 ",
)  # fmt: skip


def generated(seed: int, limits: Limits) -> str:
    """A text as long as the limits let it be, ending in the link: pieces by chance, cut back letter by letter."""
    chance = random.Random(seed)
    tail = f" {LINK}"
    text = "".join(chance.choices(PIECES, k=limits.maximum // (5 if limits.unit is Unit.UTF16 else 3)))
    letters = regex.findall(r"\X", text)[: limits.maximum]
    low, high = 0, len(letters)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits("".join(letters[:middle]) + tail, limits) else (low, middle - 1)
    return "".join(letters[:low]) + tail


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_that_fits_is_refused_by_the_networks_own_counter(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    """D25"""
    bench = bench_for(kind, networks, clock)
    limits = bench.module.limits(bench.config)
    if limits.maximum > 4096:
        limits = Limits(limits.unit, 500)  # 63,206 letters 500 times would only cost time; the next test goes to the end once
    texts = [generated(seed, limits) for seed in range(COUNT)]

    for number, text in enumerate(texts):
        bench.broadcast(bench.post(text, number))

    assert [one["text"] for one in bench.truth()] == texts
    assert all(text.endswith(LINK) for text in texts)


@pytest.mark.parametrize("kind", ["facebook", "webhook"])
def test_a_text_of_exactly_the_limit_is_taken(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    text = "x" * bench.module.limits(bench.config).maximum

    bench.broadcast(bench.post(text))

    assert [one["text"] for one in bench.truth()] == [text]


@pytest.mark.parametrize("kind", ["mastodon", "bluesky", "x", "telegram"])
def test_the_generated_texts_go_to_the_limit(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    """Else the test above could not fail."""
    bench = bench_for(kind, networks, clock)
    limits = bench.module.limits(bench.config)

    full = [not fits(generated(seed, limits) + " " + "日" * 30, limits) for seed in range(50)]

    assert all(full)
