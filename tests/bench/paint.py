"""(i) Until a phone on a bad network shows the page: Chromium with a phone's screen, a slowed processor and a slowed network."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from playwright.sync_api import Browser

from tests.end_to_end.browser import chromium
from tests.publish.samples import crowded
from tests.publish.test_pages import LIMIT
from tests.web_public.serving import publish, served

ROUNDS = 5
SCREEN: Any = {"width": 360, "height": 640}
SLOWER = 4  # times, as Lighthouse slows a desktop's processor for a phone


class Network(NamedTuple):
    """What the browser is given: round trip in ms, kilobits per second each way. Lighthouse's and Chromium's own profiles."""

    name: str
    round_trip_ms: float
    down_kbps: float
    up_kbps: float


NETWORKS = (Network("slow 4G", 150, 1638, 750), Network("slow 3G", 400, 400, 400))


# What others send for their front page, as it was told or saved in public, with the day; nobody was asked for this. HTML is the document
# alone before packing, with what it fetches besides left out.
RECORDED = (
    ("OneUptime", "one script of about 6 MB packed, 20 MB unpacked", "June 2024, github.com/OneUptime/oneuptime/issues/1525"),
    ("Uptime Kuma", "1.3 MB before the page shows", "June 2022, github.com/louislam/uptime-kuma/pull/1711"),
    ("Atlassian Statuspage: CircleCI", "HTML 241 kB, two style sheets, jQuery, web fonts", "January 2021, a saved copy"),
    ("Atlassian Statuspage: Atlassian Developer", "HTML 593 kB, two style sheets, jQuery, web fonts", "January 2021, a saved copy"),
    ("cState", "three requests: HTML with style and script, logo, icon; bytes not told", "github.com/cstate/cstate/issues/117"),
)


class Seen(NamedTuple):
    """One visit with nothing kept: moments in ms since the address was entered, bytes over the wire, requests."""

    paint_ms: float
    done_ms: float
    size: int
    requests: int


PAINT = "() => (performance.getEntriesByName('first-contentful-paint')[0] || {}).startTime"
LOADED = """() => {
  const [page] = performance.getEntriesByType('navigation');
  const more = performance.getEntriesByType('resource').filter(one => !one.name.startsWith('data:'));
  return [page.loadEventEnd, page.transferSize + more.reduce((sum, one) => sum + one.transferSize, 0), 1 + more.length];
}"""


def measure(folder: Path) -> str:
    """The heaviest page of the tests: 40 components, German names, bad days, an open incident of six updates; from the embedded server."""
    publish(folder, crowded())
    lines = [
        "## First paint on a phone",
        "",
        "The front page in German with 40 components, a hundred bad days and an open incident of six updates, from the embedded",
        f"server to Chromium: {SCREEN['width']} x {SCREEN['height']} points, a processor slowed {SLOWER} times. Median of {ROUNDS}.",
        "",
        "| network | first paint, ms | page complete, ms | bytes over the wire | requests |",
        "|---|---|---|---|---|",
    ]
    with served(folder) as port, chromium() as browser:
        for network in NETWORKS:
            seen = [_visit(browser, f"http://127.0.0.1:{port}/de/", network) for _ in range(ROUNDS)]
            paint, done = median(one.paint_ms for one in seen), median(one.done_ms for one in seen)
            profile = f"{network.name}: {network.round_trip_ms:,.0f} ms, {network.down_kbps:,.0f} kbit/s"
            lines.append(f"| {profile} | {paint:,.0f} | {done:,.0f} | {seen[0].size:,} | {seen[0].requests} |")
    lines += ["", f"The page may have {LIMIT:,} bytes at most, which a test sees to.", ""]
    lines += ["What others send, as far as it stands in public; not measured here:", "", "| page | sends | recorded |", "|---|---|---|"]
    lines += [f"| {name} | {sends} | {source} |" for name, sends, source in RECORDED]
    return "\n".join([*lines, ""])


def _visit(browser: Browser, url: str, network: Network) -> Seen:
    with browser.new_context(viewport=SCREEN, device_scale_factor=3, is_mobile=True, has_touch=True) as context:
        page = context.new_page()
        wires = context.new_cdp_session(page)
        wires.send("Network.enable")
        wires.send("Network.setCacheDisabled", {"cacheDisabled": True})
        speeds = {"downloadThroughput": network.down_kbps * 125, "uploadThroughput": network.up_kbps * 125}
        wires.send("Network.emulateNetworkConditions", {"offline": False, "latency": network.round_trip_ms, **speeds})
        wires.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(url, wait_until="load")
        page.wait_for_function(PAINT)
        done, size, requests = page.evaluate(LOADED)
        return Seen(page.evaluate(PAINT), done, size, requests)
