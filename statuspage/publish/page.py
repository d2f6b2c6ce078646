"""The pages that people read, from one snapshot: pure functions of it, as bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish.accounts import ACCOUNTS_PATH
from statuspage.publish.answer import Answer, answer
from statuspage.publish.assets import environment, load_assets, raw
from statuspage.publish.headers import RouteClass, content_security_policy
from statuspage.publish.history import History, history
from statuspage.publish.preview import HEIGHT, WIDTH, plate_of, preview_of
from statuspage.publish.shared import Picture, SharedView, of_front, of_subject
from statuspage.publish.signing import FORMAT, HOW_PATH, KEYS_PATH
from statuspage.publish.site import Site
from statuspage.publish.snapshot import PublicCode, PublicComponent, PublicIncident, PublicPage, Snapshot, Subject, said
from statuspage.publish.views import GroupView, SubjectView, UpdateView, Views, affected, network_title
from statuspage.publish.wording import Wording

PAST_DAYS = 30
PAST_SHOWN = 10
POSTS_SHOWN = 4  # of an incident on the front page, and none of them where more than two things go on: each is a stop for the keyboard
REPORTED = ("thanks", "enough", "failed")  # what may become of a customer's report


class Tongue(NamedTuple):
    """The same page in another language."""

    language: str
    name: str
    href: str
    url: str


class Step(NamedTuple):
    """One piece of advice, with a link where there is one."""

    text: str
    href: str = ""
    label: str = ""


@dataclass(frozen=True)
class SpokenWords:
    """The words of one language, as templates use them."""

    wording: Wording
    language: str

    def moment(self, at: datetime, near: datetime | None = None, year: bool = False) -> str:
        return self.wording.moment(at, self.language, now=near, year=year)

    def duration(self, seconds: float) -> str:
        return self.wording.duration(seconds, self.language)

    def counted(self, unit: str) -> str:
        """A unit of time as the script uses it, its number still to be put in: "{n} min"."""
        return self.wording.unit(unit, self.language)


class WarningView(NamedTuple):
    """One fraud warning. `place` is its id on the page."""

    place: str
    updates: tuple[UpdateView, ...]


@dataclass(frozen=True)
class FrontView:
    answer: Answer
    shared: SharedView
    made_at: datetime
    version: str
    stale: str
    safety: str
    rule: str
    warnings: tuple[WarningView, ...]
    current: tuple[SubjectView, ...]
    posts_shown: int
    upcoming: tuple[SubjectView, ...]
    groups: tuple[GroupView, ...]
    past: tuple[SubjectView, ...]
    past_days: int


class Pages:
    """Renders the pages of one bank's site."""

    def __init__(self, page: PublicPage, wording: Wording) -> None:
        self.page, self.wording = page, wording
        self.site = Site(page)
        self.assets = load_assets(page.theme)
        self._past: tuple[Snapshot, Mapping[str, History]] | None = None

    def _render(
        self, template: str, language: str, address: Callable[[str], str] | None, view: object, route: RouteClass = RouteClass.PAGE
    ) -> bytes:
        """address: language -> path of the same page in that language; None where it exists in one only."""
        context: dict[str, Any] = {
            "page": self.page,
            "site": self.site,
            "link": self.site.link,
            "language": language,
            "t": partial(self._text, language),
            "words": SpokenWords(self.wording, language),
            "tongues": self._tongues(address),
            "otherwise": self._otherwise(address),
            "csp": content_security_policy(route, self.assets.hashes, in_page=True),
            "style": raw(self.assets.style),
            "script": raw(self.assets.script),
            "check": raw(self.assets.check),
            "v": view,
        }
        return environment().get_template(template).render(context).encode()

    def _text(self, language: str, key: str, **values: object) -> str:
        return self.wording.text(key, language, **values)

    def _tongues(self, address: Callable[[str], str] | None) -> tuple[Tongue, ...]:
        if address is None:
            return ()
        found = ((language, address(language)) for language in self.page.languages)
        return tuple(Tongue(one, self.wording.language_name(one), self.site.link(path), self.site.url(path)) for one, path in found)

    def _otherwise(self, address: Callable[[str], str] | None) -> str:
        """Where readers of any other language go, for search engines: to the address that chooses, or else to the default language."""
        if address is None or len(self.page.languages) == 1:
            return ""
        default = self.page.default_language
        path = address(default)
        return self.site.url("/" if path == self.site.front(default) else path)

    def front(self, snapshot: Snapshot, language: str) -> bytes:
        """The first page: the answer in words, what happens now, each service, what was."""
        return self._render("public/front.html", language, self.site.front, self._front_view(snapshot, language))

    def _front_view(self, snapshot: Snapshot, language: str) -> FrontView:
        views = Views(snapshot, self.wording, language)
        text = partial(self._text, language)
        now, first = snapshot.made_at, answer(views)
        site, url = text("title", bank=self.page.name), self.site.url(self.site.front(language))
        told = preview_of(views)
        picture = Picture(self.site.url(self.site.preview(language, told.version)), WIDTH, HEIGHT, told.alternative)
        since = now - timedelta(days=PAST_DAYS)
        past = sorted((one for one in snapshot.ended if one.updated_at >= since), key=lambda one: one.updated_at, reverse=True)
        return FrontView(
            answer=first,
            shared=of_front(self.page, first, picture, site=site, url=url, language=language),
            made_at=now,
            version=snapshot.version,
            stale=text("stale", age="{age}"),
            safety=self.wording.safety(language),
            rule=" ".join(self._rules(snapshot, language)),
            warnings=tuple(WarningView(self.site.warning(one.id), views.updates(one.updates)) for one in snapshot.warnings),
            current=tuple(views.subject(one, now) for one in snapshot.current),
            posts_shown=POSTS_SHOWN if len(snapshot.current) <= 2 else 0,
            upcoming=tuple(views.subject(one, now) for one in snapshot.upcoming_maintenances),
            groups=views.groups(self._histories(snapshot, now.astimezone(views.zone).date())),
            past=tuple(views.subject(one, now) for one in past[: _past_shown(len(snapshot.current))]),
            past_days=PAST_DAYS,
        )

    def _rules(self, snapshot: Snapshot, language: str) -> Iterator[str]:
        """How the figures beside the services are counted."""
        state = partial(self.wording.state, language=language)
        yield self._text(
            language,
            "rule",
            major=state(ComponentStatus.MAJOR_OUTAGE),
            partial=state(ComponentStatus.PARTIAL_OUTAGE),
            degraded=state(ComponentStatus.DEGRADED_PERFORMANCE),
        )
        if any(one.answers_s is not None for one in snapshot.components):
            yield self._text(language, "answers_rule")

    def card(self, snapshot: Snapshot, language: str) -> bytes:
        """The state in one sentence and where help is, for a frame of another site or the page behind a tab."""
        found = answer(Views(snapshot, self.wording, language))
        names = affected(snapshot, self.wording, language)
        view = {
            "status": found.status,
            "headline": found.headline,
            "affected": self._text(language, "affected", names=names) if names else "",
            "fraud": self._fraud(language),
            "safety": self.wording.safety(language),
        }
        return self._render("public/card.htm", language, None, view, RouteClass.FRAME)

    def _histories(self, snapshot: Snapshot, today: date) -> Mapping[str, History]:
        """Component id -> history; made once for all languages."""
        if self._past is None or self._past[0] is not snapshot:
            self._past = snapshot, {one.id: history(one.days, today) for one in snapshot.components}
        return self._past[1]

    def address(self, subject: Subject, language: str) -> str:
        """Path of a subject's own page."""
        of = self.site.incident if isinstance(subject, PublicIncident) else self.site.maintenance
        return of(language, subject.id)

    def subject(self, snapshot: Snapshot, subject: Subject, language: str) -> bytes:
        """The page of one incident or planned work, with its whole story. Depends on nothing but it."""
        told = Views(snapshot, self.wording, language).subject(subject)
        how = "" if not isinstance(subject, PublicIncident) else "noticed.checks" if subject.automatic else "noticed.people"
        noticed = self._text(language, how) if how else ""
        if isinstance(subject, PublicIncident) and subject.lead_s is not None:
            noticed += " " + self._text(language, "noticed.lead", duration=self.wording.duration(subject.lead_s, language))
        site = self._text(language, "title", bank=self.page.name)
        shared = of_subject(self.page, told, self._plate(language), site=site, language=language)
        view = {**vars(told), "safety": self.wording.safety(language), "noticed": noticed, "shared": shared}
        return self._render("public/subject.html", language, lambda tongue: self.address(subject, tongue), view)

    def _plate(self, language: str) -> Picture:
        told = plate_of(self.page, self.wording, language)
        return Picture(self.site.url(self.site.plate(language)), WIDTH, HEIGHT, told.alternative)

    def month(self, snapshot: Snapshot, year: int, month: int, subjects: Iterable[Subject], language: str) -> bytes:
        """Everything that began in one month, newest first."""
        views = Views(snapshot, self.wording, language)
        title = self._text(language, "month_title", month=self.wording.month(year, month, language))
        view = {"title": title, "months": (), "subjects": [views.subject(one) for one in subjects]}
        return self._render("public/archive.html", language, lambda tongue: self.site.month(tongue, year, month), view)

    def archive(self, months: Iterable[tuple[int, int]], language: str) -> bytes:
        """All months in which something happened."""
        found = [
            {"name": self.wording.month(year, month, language), "href": self.site.link(self.site.month(language, year, month))}
            for year, month in months
        ]
        view = {"title": self._text(language, "archive"), "months": found, "subjects": ()}
        return self._render("public/archive.html", language, self.site.history, view)

    def code(self, code: PublicCode, *, signed: bool = False) -> bytes:
        """What stands behind the code of one genuine message, in the message's language if the page still has it.

        signed: its signature is published too.
        """
        language = code.language if code.language in self.page.languages else self.page.default_language
        web = code.url if code.url and code.url.startswith(("https://", "http://")) else None
        about = self.site.link(code.path.format(language=language)) if code.path else ""
        network = network_title(code.network)
        view = {
            "code": code.code,
            "text": code.text,
            "foreign": "" if language == code.language else code.language,
            "at": code.at,
            "network": network,
            "url": web,
            "about": about,
            "shared": self._shared_code(code, language),
            **self._proof(code, signed=signed),
        }
        return self._render("public/code.html", language, None, {**view, "safety": self.wording.safety(language)})

    def _shared_code(self, code: PublicCode, language: str) -> SharedView:
        """The dated words alone: nothing that passes, and nothing that would call genuine whatever a stranger says beside the link."""
        text, at = partial(self._text, language), self.wording.moment(code.at, language, year=True)
        site, title = text("title", bank=self.page.name), text("code.words", bank=self.page.bank, moment=at)
        return SharedView(site, title, code.text, self.site.url(self.site.code(code.code)), self._plate(language))

    def _proof(self, code: PublicCode, *, signed: bool) -> dict[str, str]:
        """What the page's script asks for, and what it has to find there; `signed` is "" where there is nothing to check."""
        return {
            "signed": self.site.link(self.site.signed(code.code)) if signed else "",
            "listed": self.site.link(KEYS_PATH),
            "format": FORMAT,
            "how": self.site.link(HOW_PATH),
        }

    def codes(self, language: str, *, unknown: bool = False) -> bytes:
        """Where a code is typed in; `unknown`: the answer to a code that is not ours."""
        example = self.site.url("/u/") + "K7Q2MXP"
        view = {"unknown": unknown, "example": example, "accounts": self._accounts(), "safety": self.wording.safety(language)}
        return self._render("public/codes.html", language, self.site.codes, view)

    def _accounts(self) -> dict[str, object]:
        """The bank's own, for people, and where programs find the same."""
        shown = [(network_title(one.network), one.handle or one.address.partition("//")[2], one.address) for one in self.page.accounts]
        return {"shown": shown, "list": self.site.link(ACCOUNTS_PATH)}

    def stay(self, components: Iterable[PublicComponent], language: str) -> bytes:
        """All ways to hear of what goes on, and how to tell them from fakes."""
        view = {
            "components": [{"slug": one.slug, "name": said(one.names, language, self.page.default_language)} for one in components],
            "accounts": self._accounts(),
            "safety": self.wording.safety(language),
        }
        return self._render("public/stay.html", language, self.site.stay, view)

    def leaving(self, language: str, title: str, lead: str, button: str = "") -> bytes:
        """Leaving a mail list: never published, made for each request. button: what a press of it says; "" where there is nothing to do."""
        return self._render("public/leave.html", language, None, {"title": title, "lead": lead, "button": button})

    def report(self, components: Iterable[PublicComponent], language: str) -> bytes:
        """The form with which a customer says that something does not work."""
        view = {
            "components": [{"slug": one.slug, "name": said(one.names, language, self.page.default_language)} for one in components],
            "symptoms": [{"key": key, "text": self.wording.symptom(key, "", language)} for key in self.wording.symptoms],
            "safety": self.wording.safety(language),
        }
        return self._render("public/report.html", language, self.site.report, view)

    def reported(self, outcome: str, language: str) -> bytes:
        """What became of a report: one of REPORTED."""
        title, lead = self._text(language, f"report.{outcome}"), self._text(language, f"report.{outcome}_lead")
        view = {"title": title, "lead": lead, "safety": self.wording.safety(language)}
        return self._render("public/reported.html", language, lambda tongue: f"{self.site.report(tongue)}{outcome}/", view)

    def missing(self, language: str) -> bytes:
        """The answer to an address that does not exist."""
        return self._render("public/missing.html", language, self.site.front, None)

    def contact(self, language: str) -> bytes:
        """What to do when something still fails."""
        status = Step(self._text(language, "contact_look"), self.site.link(self.site.front(language)), self._text(language, "name"))
        steps = (status, *(Step(self._text(language, key)) for key in ("contact_retry", "contact_write")))
        return self._advice(language, "contact", steps, self.site.contact)

    def claim(self, language: str) -> bytes:
        """What to do when a fault cost money."""
        archive = Step(self._text(language, "claim_incident"), self.site.link(self.site.history(language)), self._text(language, "archive"))
        steps = (Step(self._text(language, "claim_note")), archive, Step(self._text(language, "claim_write")))
        return self._advice(language, "claim", steps, self.site.claim)

    def _fraud(self, language: str) -> str:
        """Where to call at once; "" where no number is known."""
        return self._text(language, "contact_fraud", phone=self.page.phone) if self.page.phone else ""

    def _advice(self, language: str, key: str, steps: Iterable[Step], address: Callable[[str], str]) -> bytes:
        view = {
            "title": self._text(language, key),
            "lead": self._text(language, f"{key}_lead"),
            "steps": list(steps),
            "fraud": self._fraud(language),
            "safety": self.wording.safety(language),
        }
        return self._render("public/advice.html", language, address, view)


def _past_shown(going_on: int) -> int:
    """How many past things the front page lists: fewer while much goes on. The archive has them all."""
    return PAST_SHOWN if going_on < 2 else max(3, PAST_SHOWN + 2 - 2 * going_on)
