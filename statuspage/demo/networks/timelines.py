"""The timelines as a customer would see them: threads, edits with what stood before, the language of each post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from broadcasters.text import web_links
from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.world import Network, World

THREADS_SHOWN = 40
ZONE = ZoneInfo("Europe/Madrid")  # of the demonstration's bank: the words of its posts name times of that zone


@dataclass(frozen=True)
class Thread:
    """Posts in the order in which they appeared; the first one begins the thread."""

    posts: tuple[Entry, ...]


@dataclass(frozen=True)
class Column:
    """One network's timeline, newest thread first. inbox: its threads are conversations in mailboxes."""

    name: str
    title: str
    threads: tuple[Thread, ...]
    faults: tuple[str, ...]
    inbox: bool = False


def page(networks: Sequence[Network], world: World, url: str, path: str) -> str:
    """The page of some networks. path: what was asked for; the post with that address is marked."""
    standing = world.faults.listing()
    columns = [
        Column(
            name=one.NAME,
            title=one.TITLE,
            threads=_threads(world, one.NAME),
            faults=tuple(fault["fault"] for fault in standing.get(one.NAME, [])),
            inbox=getattr(one, "INBOX", False),
        )
        for one in networks
    ]
    return _ENVIRONMENT.get_template("page.html").render(columns=columns, now=world.now(), asked=f"{url}{path}", one=len(columns) == 1)


def _threads(world: World, network: str) -> tuple[Thread, ...]:
    posts: dict[tuple[str, str], list[Entry]] = {}
    for entry in reversed(world.truth.timeline(network, lag_s=world.lag_s(network))):
        posts.setdefault((entry.account, entry.root), []).append(entry)
    newest_first = sorted(posts.values(), key=lambda thread: thread[-1].number, reverse=True)
    return tuple(Thread(tuple(thread)) for thread in newest_first[:THREADS_SHOWN])


def _local(at: datetime, form: str) -> str:
    return at.astimezone(ZONE).strftime(form)


def _linked(text: str) -> Markup:
    """The text with its addresses as links."""
    pieces, at = [], 0
    for start, end in web_links(text):
        address = escape(text[start:end])
        pieces += [escape(text[at:start]), Markup('<a href="{0}" rel="nofollow">{0}</a>').format(address)]
        at = end
    return Markup("").join([*pieces, escape(text[at:])])


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parents[3] / "templates" / "demo_networks"), autoescape=True, trim_blocks=True
)
_ENVIRONMENT.filters |= {"linked": _linked, "local": _local}
