"""What our counting lets pass, the networks' own counters take (D25)."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import regex

from broadcasters.http import Answer, Http, Request
from broadcasters.text import Limits, Unit, fits
from statuspage.demo.networks.server import NETWORKS, RunningNetworks
from statuspage.demo.networks.wire import Call
from statuspage.demo.networks.world import World
from tests.broadcasters.bench import HOSTILE, KINDS, Bench, Hands, bench_for

COUNT = 500
LINK = "https://status.bank.es/u/K7Q2M3X"
PIECES = (
    "Pagos con tarjeta: no funcionan. ", "Wir prüfen die Ursache. ", "l’accès est rétabli ", "e\u0301", "n\u0303", "q\u0303\u0323",
    "…", "€", "“", "”", "日本語のお知らせ",
    "خدمة البطاقات متوقفة ", "שירות ", "हिन्दी ", "👨‍👩‍👧‍👦", "🇪🇸", "🇧🇪", "👋🏽", "☺️", "1️⃣", "🏳️‍🌈", "⚠️", "\n\n", " ", "— ",
    "bank.es ", "https://bank.es/aviso ", "15:05 CET. ", "‏", "한국어 ",
)  # fmt: skip


CHATS = ("slack", "slack_webhook", "teams", "discord", "matrix", "ntfy")


class Straight:
    """A transport that asks the demonstration networks without a socket between: thousands of posts in seconds."""

    def __init__(self, world: World) -> None:
        self._world = world

    def exchange(self, request: Request) -> Answer:
        parts = urlsplit(request.url)
        network, _, path = parts.path.lstrip("/").partition("/")
        if network == "pictures":
            return Answer(200, [], self._world.pictures.read(path.removesuffix(".jpg")) or b"")
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        call = Call(request.method, f"/{unquote(path)}", query, headers, request.body, f"{parts.scheme}://{parts.netloc}/{network}")
        reply = NETWORKS[network].answer(call, self._world)
        body = reply.body or b""
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        return Answer(reply.status, list(reply.headers.items()), body)


class Quick(Bench):
    def http(self, deadline_s: float | None = None) -> Http:
        return Http(Straight(self.networks.world), now=self.clock)


def quick(kind: str, networks: RunningNetworks, clock: Hands) -> Quick:
    bench = bench_for(kind, networks, clock)
    return Quick(kind, networks, clock, bench.config, image=bench.image)


def generated(seed: int, limits: Limits) -> str:
    """A text as long as the limits let it be, ending in the link: pieces by chance, cut back letter by letter."""
    chance = random.Random(seed)
    tail = f" {LINK}"
    room = 160 * limits.maximum if limits.unit is Unit.PARTS else limits.maximum
    text = "".join(chance.choices(PIECES, k=room // (5 if limits.unit is Unit.UTF16 else 3)))
    letters = regex.findall(r"\X", text)[:room]
    low, high = 0, len(letters)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits("".join(letters[:middle]) + tail, limits) else (low, middle - 1)
    return "".join(letters[:low]) + tail


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "snapchat"])
def test_no_text_that_fits_is_refused_by_the_networks_own_counter(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    """D25"""
    bench = quick(kind, networks, clock)
    limits = bench.module.limits(bench.config)
    if limits.maximum > 1000:
        limits = replace(limits, maximum=500)  # long texts 500 times would only cost time; the next test goes to the end once
    texts = [generated(seed, limits) for seed in range(COUNT)]

    for number, text in enumerate(texts):
        clock.turn(3600)  # some networks take fifty posts a day
        bench.broadcast(bench.post(text, number))

    assert [one["text"] for one in bench.truth()] == texts
    assert all(text.endswith(LINK) for text in texts)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "snapchat"])  # whose posts are pictures
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_published_whole(kind: str, text: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = quick(kind, networks, clock)

    receipt = bench.broadcast(bench.post(text))

    assert ([one["text"] for one in bench.truth()], receipt.wrong) == ([text], "")


@pytest.mark.parametrize(
    "kind",
    [
        "facebook",
        "webhook",
        "telegram",
        "linkedin",
        "instagram",
        "google_business",
        "slack",
        "slack_webhook",
        "teams",
        "discord",
        "matrix",
        "ntfy",
    ],
)
def test_a_text_of_exactly_the_limit_is_taken(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    bench = bench_for(kind, networks, clock)
    text = "x" * bench.module.limits(bench.config).maximum

    bench.broadcast(bench.post(text))

    assert [one["text"] for one in bench.truth()] == [text]


@pytest.mark.parametrize("kind", ["mastodon", "bluesky", "x", "threads", "pinterest"])
def test_the_generated_texts_go_to_the_limit(kind: str, networks: RunningNetworks, clock: Hands) -> None:
    """Else the test above could not fail."""
    bench = bench_for(kind, networks, clock)
    limits = bench.module.limits(bench.config)

    full = [not fits(generated(seed, limits) + " " + "日" * 30, limits) for seed in range(50)]

    assert all(full)
