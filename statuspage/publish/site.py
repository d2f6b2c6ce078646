"""Where each public file stands: addresses for links, paths for files. One place, so that a link never points at nothing."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import urlsplit

from statuspage.publish.headers import RouteClass
from statuspage.publish.snapshot import PublicPage

FRESH = "/fresh.json"  # the age of the copy, and whether the front page has changed
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".htm": "text/html; charset=utf-8",  # for frames of other sites: servers know the class of a file by its suffix
    ".json": "application/json; charset=utf-8",
    ".rss": "application/rss+xml; charset=utf-8",
    ".atom": "application/atom+xml; charset=utf-8",
    ".xml": "text/xml; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".ics": "text/calendar; charset=utf-8",
}
JSON_FEED = "feed.json"
REPORT = "/report/send"  # the one address of a form that the application answers


def media_type(path: PurePosixPath) -> str:
    """What a file is, by its name."""
    if path.name == JSON_FEED:
        return "application/feed+json; charset=utf-8"
    return MEDIA_TYPES.get(path.suffix, "application/octet-stream")


def route_class(path: PurePosixPath) -> RouteClass:
    """Which list of headers a file is served with."""
    if path.suffix == ".html":
        return RouteClass.PAGE
    if path.suffix == ".htm":
        return RouteClass.FRAME
    return RouteClass.EMBED if path.suffix in (".svg", ".js") else RouteClass.MACHINE


def file_of(path: str) -> PurePosixPath:
    """The file behind an address's path: a folder's is its index.html."""
    inner = path.lstrip("/")
    return PurePosixPath(inner + "index.html" if not inner or inner.endswith("/") else inner)


class Site:
    """The addresses of one page. A path begins with / and is counted from the page's own root; url() adds the host."""

    def __init__(self, page: PublicPage) -> None:
        self.root = page.url.rstrip("/")
        self.host = urlsplit(page.url).netloc
        self.prefix = urlsplit(page.url).path.rstrip("/")
        self.contact_path = f"/{page.contact_path.strip('/')}/"
        self.claim_path = f"/{page.claim_path.strip('/')}/"

    def url(self, path: str) -> str:
        """Absolute, for machines."""
        return self.root + path

    def link(self, path: str) -> str:
        """For a link within the page."""
        return self.prefix + path

    def front(self, language: str) -> str:
        return f"/{language}/"

    def incident(self, language: str, incident_id: str) -> str:
        return f"/{language}/incidents/{incident_id}/"

    def maintenance(self, language: str, maintenance_id: str) -> str:
        return f"/{language}/maintenance/{maintenance_id}/"

    def history(self, language: str) -> str:
        return f"/{language}/history/"

    def warning(self, warning_id: str) -> str:
        """The place of a fraud warning on the front page."""
        return f"warning-{warning_id}"

    def month(self, language: str, year: int, month: int) -> str:
        return f"/{language}/history/{year:04d}-{month:02d}/"

    def codes(self, language: str) -> str:
        """Where a code is typed in; /u/ itself answers in the reader's language."""
        return f"/{language}/u/"

    def code(self, code: str) -> str:
        return f"/u/{code}/"

    def signed(self, code: str) -> str:
        """One message with its signature."""
        return f"/u/{code}/signed.json"

    def statement(self, update_id: str) -> str:
        """One update in every language, each with its signature."""
        return f"/notices/{update_id}.json"

    def contact(self, language: str) -> str:
        return f"/{language}{self.contact_path}"

    def claim(self, language: str) -> str:
        return f"/{language}{self.claim_path}"

    def feed(self, language: str, kind: str, slug: str = "") -> str:
        """kind: rss, atom or json; slug: of the component that it is about, "" for all services."""
        return f"{self._about(language, slug)}feed.{kind}"

    def calendar(self, language: str, slug: str = "") -> str:
        """Planned work, of all services or of one component."""
        return f"{self._about(language, slug)}calendar.ics"

    def banner(self, language: str) -> str:
        """The words of the banner script, which stands beside the front pages."""
        return f"/{language}/banner.json"

    def report(self, language: str) -> str:
        """Where a customer says that something does not work; the pages that answer stand below it."""
        return f"/{language}/report/"

    @property
    def report_form(self) -> str:
        return REPORT

    @property
    def fresh(self) -> str:
        return FRESH

    def stay(self, language: str) -> str:
        """All ways to hear of what goes on."""
        return f"/{language}/follow/"

    def card(self, language: str) -> str:
        """The state for a frame of another site."""
        return f"/{language}/card.htm"

    def preview(self, language: str, version: str = "") -> str:
        """The state as a picture: of one version, for networks that show one beside a shared link; "" for whatever is true now."""
        return f"/{language}/preview/{version}.jpg" if version else f"/{language}/preview.jpg"

    def plate(self, language: str) -> str:
        """The picture beside a link to one message or one incident: whose page it is, the same in every state."""
        return f"/{language}/page.jpg"

    def text(self, language: str) -> str:
        """The page as plain text; /status.txt is the same in the page's default language."""
        return f"/{language}/status.txt"

    def voice(self, language: str, kind: str) -> str:
        """What the bank's phone line says. kind: txt, or xml for TwiML."""
        return f"/{language}/voice.{kind}"

    def _about(self, language: str, slug: str) -> str:
        return f"/{language}/components/{slug}/" if slug else f"/{language}/"

    def badge(self, language: str, slug: str) -> str:
        return f"/{language}/badges/{slug}.svg"
