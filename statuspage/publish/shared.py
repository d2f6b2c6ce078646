"""What a network or a search engine shows of a page that somebody shares: Open Graph (https://ogp.me) and schema.org as JSON-LD."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import Markup

from statuspage.publish.answer import Answer
from statuspage.publish.assets import iso
from statuspage.publish.snapshot import PublicPage
from statuspage.publish.views import SubjectView


class Picture(NamedTuple):
    """Its address, its size in pixels, and what it shows in words."""

    url: str
    width: int
    height: int
    alternative: str


@dataclass(frozen=True)
class SharedView:
    """linked: the JSON-LD, safe within <script>; "" where there is nothing to say to search engines."""

    site: str
    title: str
    description: str
    url: str
    picture: Picture
    linked: Markup | str = ""


def of_front(page: PublicPage, found: Answer, picture: Picture, *, site: str, url: str, language: str) -> SharedView:
    """The front page: its title is the state."""
    told = {**_common("WebPage", page, found.headline, url, language), "description": found.lead}
    return SharedView(site, found.headline, found.lead or found.headline, url, picture, _linked(told))


def of_subject(page: PublicPage, found: SubjectView, picture: Picture, *, site: str, language: str) -> SharedView:
    """An incident or planned work, with every statement about it."""
    described = f"{found.phase}: {found.affected}" if found.affected else found.phase
    told = _common("Event" if found.planned else "LiveBlogPosting", page, found.title, found.url, language)
    told |= {"startDate": iso(found.start)} if found.planned else {"coverageStartTime": iso(found.start)}
    if found.end is not None and not found.open:
        told["endDate" if found.planned else "coverageEndTime"] = iso(found.end)
    if found.planned:
        told["eventStatus"] = f"https://schema.org/{'EventCancelled' if found.cancelled else 'EventScheduled'}"
    else:
        told["liveBlogUpdate"] = [
            {"@type": "BlogPosting", "headline": update.phase, "datePublished": iso(update.at), "articleBody": _plain(update.html)}
            for update in found.updates
        ]
    return SharedView(site, found.title, described, found.url, picture, _linked(told))


def _plain(html: Markup) -> str:
    """The statement as text, one line below the other. striptags() makes one line of what it is given, so each goes by itself."""
    return "\n".join(Markup(line).striptags() for line in html.split("<br>"))  # noqa: S704 - was safe as a whole


def _common(kind: str, page: PublicPage, name: str, url: str, language: str) -> dict[str, Any]:
    bank = {"@type": "BankOrCreditUnion", "name": page.name}
    whose = {"organizer": bank} if kind == "Event" else {"publisher": bank}
    return {"@context": "https://schema.org", "@type": kind, "name": name, "url": url, "inLanguage": language, **whose}


def _linked(told: dict[str, Any]) -> Markup:
    """JSON in which no letter can end the element that carries it."""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 - escaped above
