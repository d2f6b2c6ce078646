"""The smallest files: the status as plain text, the heartbeat as JSON, badges, what robots and finders of holes look for."""

from __future__ import annotations

from datetime import datetime

from markupsafe import escape

from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.api_v2 import dump
from statuspage.publish.assets import iso
from statuspage.publish.lettering import drawable, font_of
from statuspage.publish.site import Site
from statuspage.publish.snapshot import PublicPage, Snapshot
from statuspage.publish.views import Views
from statuspage.publish.wording import Wording

COLOURS = {  # white letters on these have 4.5:1 or more
    ComponentStatus.OPERATIONAL: "#1a7f37",
    ComponentStatus.DEGRADED_PERFORMANCE: "#7d5700",
    ComponentStatus.PARTIAL_OUTAGE: "#a63d00",
    ComponentStatus.MAJOR_OUTAGE: "#b3131f",
    ComponentStatus.UNDER_MAINTENANCE: "#0a5fb4",
    ComponentStatus.UNKNOWN: "#5b6570",
}

WIDER = 1.17  # DejaVu Sans is 1.25 times as wide as Source Sans, Segoe UI and Roboto 1.1


def status_txt(snapshot: Snapshot, wording: Wording, language: str) -> bytes:
    """The page for terminals and screen readers. What was not said in the language stands there in the page's default one."""
    views = Views(snapshot, wording, language)
    lines = [snapshot.page.name, wording.text(f"headline.{snapshot.status.sentence.value}", language)]
    lines.append(wording.text("made", language, moment=wording.moment(snapshot.made_at, language)))
    if snapshot.impaired:
        lines.append(wording.text("impaired", language, state=wording.state(ComponentStatus.UNKNOWN, language)))
    for warning in snapshot.warnings:
        lines += ["", *(views.words(update) for update in warning.updates)]
    for subject in snapshot.current:
        view = views.subject(subject, snapshot.made_at)
        lines += ["", f"{view.title} [{view.phase}]"]
        if subject.updates:
            lines.append(views.words(subject.updates[0]))
        lines.append(view.url)
    if snapshot.upcoming_maintenances:
        lines += ["", wording.text("planned", language)]
    for work in snapshot.upcoming_maintenances:
        view = views.subject(work)
        start, end = (wording.moment(at, language, year=view.far) for at in (view.start, work.scheduled_until))
        lines += [f"{view.title} · {wording.text('from_until', language, start=start, end=end)}", view.url]
    lines += ["", wording.text("services", language)]
    lines += [f"{views.said(one.names)}: {wording.state(one.status, language)}" for one in snapshot.components]
    lines += ["", wording.safety(language), snapshot.page.url, ""]
    return "\n".join(lines).encode()


def fresh_json(snapshot: Snapshot, generation: int, wording: Wording) -> bytes:
    """How old this copy is. Watchers compare `made_at` with the answer's own Date header.

    An open page asks for this alone as long as `page` is the version that it shows, and puts the words of `made` in place of its stamp.
    """
    page = snapshot.page
    made = {one: wording.text("made", one, moment=wording.moment(snapshot.made_at, one)) for one in page.languages}
    return dump(
        {
            "made_at": iso(snapshot.made_at),
            "content_at": iso(snapshot.content_at),
            "generation": generation,
            "heartbeat_s": page.heartbeat_s,
            "stale_after_s": page.stale_after_s,
            "impaired": snapshot.impaired,
            "page": snapshot.version,
            "made": made,
        }
    )


def robots_txt() -> bytes:
    """All may be fetched, since networks ask here before they show what a link leads to; pages of single codes say `noindex` themselves."""
    return b"User-agent: *\nDisallow:\n"


def security_txt(page: PublicPage, made_at: datetime) -> bytes:
    """Where finders of holes write (RFC 9116). It runs out after seven to eight months, so it changes once a month and no oftener."""
    year, month = divmod(made_at.year * 12 + made_at.month - 1 + 8, 12)
    return "\n".join(
        [
            f"Contact: {page.security_contact}",
            f"Expires: {year:04d}-{month + 1:02d}-01T00:00:00Z",
            f"Preferred-Languages: {', '.join(page.languages)}",
            f"Canonical: {page.url}/.well-known/security.txt",
            "",
        ]
    ).encode()


def badge(name: str, label: str, status: ComponentStatus) -> bytes:
    """A component's state as a picture for other sites. Widths are estimated; letters of a wider font are set closer, to stay inside."""
    left, right = _width(name) + 16, _width(label) + 16
    size = f'width="{left + right}" height="22"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(name)}: {escape(label)}">'
        f'<rect {size} rx="4" fill="#2b3138"/>'
        f'<path d="M{left} 0h{right - 4}a4 4 0 014 4v14a4 4 0 01-4 4H{left}z" fill="{COLOURS[status]}"/>'
        f'<g fill="#fff" font-family="system-ui,sans-serif" font-size="11">{_set(name, 8)}{_set(label, left + 8)}</g></svg>'
    ).encode()


def _set(text: str, left: int) -> str:
    return f'<text x="{left}" y="15" textLength="{_width(text)}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'


def _width(text: str) -> int:
    """Of letters of 11 px, in pixels: fonts of screens are about a sixth wider than ours for pictures. Signs that it lacks are square."""
    known = drawable(text)
    return max(1, round(font_of(False, 11).getlength(known) * WIDER + 11 * (len(text) - len(known))))


def badges(snapshot: Snapshot, wording: Wording, language: str) -> dict[str, bytes]:
    """Path -> badge, for every component in one language."""
    site, views = Site(snapshot.page), Views(snapshot, wording, language)
    found = ((one.slug, views.said(one.names), one.status) for one in snapshot.components)
    return {site.badge(language, slug): badge(name, wording.state(status, language), status) for slug, name, status in found}
