"""RSS 2.0, Atom and JSON Feed in one language, of all services or of one component.

Atom and JSON Feed have one entry per incident, planned work or fraud warning, RSS one item per update. Ids are addresses on our
own host and never change; `updated` moves only when something was said. Nothing here depends on when it is made: the same
snapshot, the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from markupsafe import escape

from statuspage.publish.api_v2 import dump
from statuspage.publish.site import Site
from statuspage.publish.snapshot import PublicComponent, PublicIncident, PublicPage, PublicUpdate, PublicWarning, Snapshot, Subject, said
from statuspage.words import moments

LATEST = 20  # incidents and planned works in a feed
LATEST_ITEMS = 60  # updates in RSS
_GENERATOR = "statuspage"


class Entry(NamedTuple):
    """One incident, planned work or warning as a feed tells it. `updates` are newest first; a warning is about no component."""

    url: str
    title: str
    published: datetime
    updated: datetime
    updates: tuple[PublicUpdate, ...]
    component_ids: tuple[str, ...] = ()
    goes_on: bool = False

    def place(self, update: PublicUpdate) -> str:
        """Address of one update; a warning has no page of its own, so its address is a place already."""
        return self.url if "#" in self.url else f"{self.url}#update-{update.sequence}"


class Feed(NamedTuple):
    """What a feed says, before it is in any format. `slug`: of the component that it is about; "" for all services.

    told   all that the page tells of, newest first; `entries` are those that a feed of bounded length has of them
    """

    page: PublicPage
    language: str
    title: str
    home: str
    description: str
    updated: datetime
    told: tuple[Entry, ...]
    slug: str = ""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What goes on, and of the rest what changed last; in the order in which they began."""
        first = sorted(self.told, key=lambda entry: (entry.goes_on, entry.updated), reverse=True)[:LATEST]
        return tuple(sorted(first, key=lambda entry: entry.published, reverse=True))

    def url(self, kind: str) -> str:
        site = Site(self.page)
        return site.url(site.feed(self.language, kind, self.slug))


def feed_of(snapshot: Snapshot, language: str, *, title: str, description: str, warning: str) -> Feed:
    """The newest of the snapshot in one language. An empty feed is as old as the page's first component.

    warning   title of every fraud warning
    """
    site, default = Site(snapshot.page), snapshot.page.default_language
    current = {one.id for one in snapshot.current}
    told = [_entry(subject, site, language, default)._replace(goes_on=subject.id in current) for subject in snapshot.subjects]
    told += [_warning(one, f"{site.url(site.front(language))}#{site.warning(one.id)}", warning) for one in snapshot.warnings]
    entries = tuple(sorted(told, key=lambda entry: entry.published, reverse=True))
    born = min((component.created_at for component in snapshot.components), default=snapshot.content_at)
    return Feed(snapshot.page, language, title, site.url(site.front(language)), description, _newest(entries, born), entries)


def feed_about(feed: Feed, component: PublicComponent, *, title: str) -> Feed:
    """The part of a feed that touches one component. What is about no component (a warning) concerns everybody."""
    entries = tuple(entry for entry in feed.told if not entry.component_ids or component.id in entry.component_ids)
    return feed._replace(title=title, told=entries, updated=_newest(entries, component.created_at), slug=component.slug)


def _newest(entries: Iterable[Entry], otherwise: datetime) -> datetime:
    return max((entry.updated for entry in entries), default=otherwise)


def _entry(subject: Subject, site: Site, language: str, default: str) -> Entry:
    address = site.incident if isinstance(subject, PublicIncident) else site.maintenance
    updated = max((update.created_at for update in subject.updates), default=subject.created_at)
    url, title = site.url(address(language, subject.id)), said(subject.titles, language, default)
    return Entry(url, title, subject.created_at, updated, subject.updates, subject.component_ids)


def _warning(one: PublicWarning, url: str, title: str) -> Entry:
    moments = [update.created_at for update in one.updates]
    return Entry(url, title, min(moments), max(moments), one.updates)


def _html(text: str) -> str:
    """A plain text as HTML: escaped, lines kept."""
    return str(escape(text)).replace("\n", "<br>")


def _story(feed: Feed, updates: Iterable[PublicUpdate]) -> str:
    """All updates of an entry as HTML, newest first, each with its moment."""
    default, zone = feed.page.default_language, ZoneInfo(feed.page.time_zone)
    told = ((update.display_at, _html(said(update.texts, feed.language, default))) for update in updates)
    return "".join(f'<p><time datetime="{_iso(at)}">{_html(_shown(at, feed.language, zone))}</time><br>{text}</p>' for at, text in told)


def _shown(at: datetime, language: str, zone: ZoneInfo) -> str:
    """As pages show it, with its date: a feed is read days later, too."""
    return moments.moment(at, language, zone, now=at, with_date=True)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


class _Hubs(BaseExtension):  # type: ignore[misc]
    """Names the WebSub hubs in RSS, for which feedgen itself has no place. Filled in by _generator()."""

    addresses: tuple[str, ...] = ()

    def extend_rss(self, feed: Any) -> Any:
        channel = feed[0]
        for place, address in enumerate(self.addresses):
            channel.insert(place, channel.makeelement("{http://www.w3.org/2005/Atom}link", {"rel": "hub", "href": address}))
        return feed


def _generator(feed: Feed, kind: str) -> FeedGenerator:
    made = FeedGenerator()
    made.id(feed.url("atom"))
    made.title(feed.title)
    made.subtitle(feed.description)
    made.description(feed.description)
    made.link(href=feed.url(kind), rel="self", type=f"application/{kind}+xml")
    for hub in feed.page.hubs:
        made.link(href=hub, rel="hub")
    made.register_extension("hubs", _Hubs, BaseEntryExtension, atom=False)
    made.hubs.addresses = feed.page.hubs
    made.link(href=feed.home, rel="alternate", type="text/html")
    made.author(name=feed.page.bank)
    made.language(feed.language)
    made.generator(_GENERATOR)
    made.updated(feed.updated)
    made.lastBuildDate(feed.updated)
    made.ttl("1")
    return made


def atom(feed: Feed) -> bytes:
    """Atom 1.0: one entry per incident or planned work, with its whole story."""
    made = _generator(feed, "atom")
    for entry in feed.entries:
        item = made.add_entry(order="append")
        item.id(entry.url)
        item.title(entry.title)
        item.link(href=entry.url, rel="alternate", type="text/html")
        item.published(entry.published)
        item.updated(entry.updated)
        item.content(_story(feed, entry.updates), type="html")
    return bytes(made.atom_str(pretty=False))


def rss(feed: Feed) -> bytes:
    """RSS 2.0: one item per update, newest first; its guid is the update's place on the incident's page."""
    made = _generator(feed, "rss")
    told = [(update, entry) for entry in feed.entries for update in entry.updates]
    told.sort(key=lambda pair: (pair[0].created_at, pair[0].sequence), reverse=True)
    for update, entry in told[:LATEST_ITEMS]:
        item = made.add_entry(order="append")
        place = entry.place(update)
        item.guid(place, permalink=True)
        item.title(entry.title)
        item.link(href=place)
        item.published(update.created_at)
        item.description(_html(said(update.texts, feed.language, feed.page.default_language)))
    return bytes(made.rss_str(pretty=False))


def json_feed(feed: Feed) -> bytes:
    """JSON Feed 1.1, https://www.jsonfeed.org/version/1.1/."""
    default = feed.page.default_language
    items = [
        {
            "id": entry.url,
            "url": entry.url,
            "title": entry.title,
            "content_html": _story(feed, entry.updates),
            "summary": said(entry.updates[0].texts, feed.language, default) if entry.updates else entry.title,
            "date_published": _iso(entry.published),
            "date_modified": _iso(entry.updated),
            "language": feed.language,
        }
        for entry in feed.entries
    ]
    return dump(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": feed.title,
            "home_page_url": feed.home,
            "feed_url": feed.url("json"),
            "description": feed.description,
            "language": feed.language,
            "authors": [{"name": feed.page.bank}],
            **({"hubs": [{"type": "WebSub", "url": hub} for hub in feed.page.hubs]} if feed.page.hubs else {}),
            "items": items,
        }
    )
