"""All public files of one snapshot: the hot set, which is written anew on change, and the archive, which is written once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from statuspage.publish import feeds, plain, signing, voice
from statuspage.publish.accounts import ACCOUNTS_PATH, accounts_file
from statuspage.publish.api_v2 import ApiV2
from statuspage.publish.assets import compile_templates
from statuspage.publish.calendar import calendar, plan_of
from statuspage.publish.clean import cleaned
from statuspage.publish.embeds import banner_js, banner_json
from statuspage.publish.encode import IDLE, Encoded, Memo, encode
from statuspage.publish.page import REPORTED, Pages
from statuspage.publish.signing import Signer
from statuspage.publish.site import Site, file_of
from statuspage.publish.snapshot import Month, PublicCode, PublicComponent, PublicPage, PublicWarning, Snapshot, Subject, said
from statuspage.publish.wording import Wording

HOT_FOR = timedelta(days=7)  # so long after its last change the page of what is over stays in the hot set; then the archive has it
Files = Mapping[PurePosixPath, Encoded]
Make = Callable[[], bytes]
Source = tuple[str, Any, Make]  # address, what it is made from (None: always made anew), how


class Builder:
    """Makes the files of one bank's page; remembers the last ones. One per configuration.

    signer   gives the keys that sign now; None: nothing is signed
    """

    def __init__(self, wording: Wording, signer: Callable[[], Signer] | None = None) -> None:
        self._wording = wording
        self._signer = signer
        self._memo = Memo()
        self._first: Files = {}
        self._whole: Files = {}
        compile_templates()

    def hot(self, snapshot: Snapshot, generation: int) -> Files:
        """The hot set, in the order in which it should be written: what customers look at first."""
        clean = cleaned(snapshot)
        self._first = self._made(self._looked_at_first(clean, generation))
        self._whole = {**self._first, **self._made(self._others(clean))}
        self._memo.forget_unseen()
        return self._whole

    def first(self, snapshot: Snapshot, generation: int, gone: Collection[PurePosixPath] = ()) -> Files | None:
        """The hot set with what is looked at first made anew, and the others as they were; None before there was a whole one."""
        if not self._whole:
            return None
        self._first = self._made(self._looked_at_first(cleaned(snapshot), generation))
        as_they_were = {path: made for path, made in self._whole.items() if path not in self._first and path not in gone}
        self._whole = {**self._first, **as_they_were}
        return self._whole

    def others(self, snapshot: Snapshot) -> Iterator[Files]:
        """What first() left as it was, made file by file: the last set that it yields is whole. Given up half-way, nothing is lost."""
        made: dict[PurePosixPath, Encoded] = {}
        for address, made_from, make in self._others(cleaned(snapshot)):
            path = file_of(address)
            made[path] = self._memo.get(path, made_from, make)
            yield self._whole
        self._whole = {**self._first, **made}
        self._memo.forget_unseen()
        yield self._whole

    def forget_files(self) -> None:
        """Somebody else publishes meanwhile: the next set is whole, for ours would be an older one."""
        self._whole = {}

    def _made(self, sources: Iterable[Source]) -> dict[PurePosixPath, Encoded]:
        places = ((file_of(address), made_from, make) for address, made_from, make in sources)
        return {path: self._memo.get(path, made_from, make) for path, made_from, make in places}

    def archive(self, snapshot: Snapshot, month: Month, changed: Collection[str], *, listed: bool = True) -> Files:
        """Of one month: its list, if `listed`, and the pages and codes of the subjects in `changed`, by id. Packed as small as can be."""
        clean, told = cleaned(snapshot), cleaned(month)
        pages = Pages(clean.page, self._wording)
        renewed = [subject for subject in told.subjects if subject.id in changed]
        made: dict[PurePosixPath, Encoded] = {}
        for language in clean.page.languages:
            if listed:
                address = pages.site.month(language, told.year, told.month)
                made[file_of(address)] = encode(pages.month(clean, told.year, told.month, told.subjects, language), IDLE)
            for address, _, make in self._subjects(pages, clean, renewed, language):
                made[file_of(address)] = encode(make(), IDLE)
        codes = [code for code in told.codes if code.subject_id in changed]
        for code in codes:
            made[file_of(pages.site.code(code.code))] = encode(pages.code(code, signed=self._signer is not None), IDLE)
        for address, _, make in self._signed(clean.page, codes, renewed):
            made[file_of(address)] = encode(make(), IDLE)
        return made

    def _looked_at_first(self, snapshot: Snapshot, generation: int) -> Iterator[Source]:
        """What customers, programs and the bank's own pages look at, and what every post leads to."""
        page, wording = snapshot.page, self._wording
        pages, site, default = Pages(page, wording), Site(page), page.default_language
        for language in (default, *(one for one in page.languages if one != default)):
            front = pages.front(snapshot, language)
            yield site.front(language), None, partial(bytes, front)
            if language == default:
                yield "/", None, partial(bytes, front)
        yield "/status.txt", None, partial(plain.status_txt, snapshot, wording, default)
        for language in page.languages:
            yield site.text(language), None, partial(plain.status_txt, snapshot, wording, language)
        yield site.fresh, None, partial(plain.fresh_json, snapshot, generation, wording)
        for path, body in ApiV2(snapshot).files().items():
            yield path, None, partial(bytes, body)
        for language in page.languages:
            yield from self._subjects(pages, snapshot, snapshot.changed_within(HOT_FOR), language)
        for code in snapshot.codes:
            yield site.code(code.code), (page, code), partial(pages.code, code, signed=self._signer is not None)
        for language in page.languages:
            yield from self._formats(self._feed(snapshot, language))
            yield site.banner(language), None, partial(banner_json, snapshot, wording, language)
        yield "/banner.json", None, partial(banner_json, snapshot, wording, default)
        yield from self._former_feeds(self._feed(snapshot, default))

    def _others(self, snapshot: Snapshot) -> Iterator[Source]:
        """What may come some moments later: feeds of single components, calendars, badges, spoken texts, signatures, fixed pages."""
        page, wording = snapshot.page, self._wording
        pages, site = Pages(page, wording), Site(page)
        for language in page.languages:
            yield site.card(language), None, partial(pages.card, snapshot, language)
            yield from self._voice(snapshot, language)
            yield from ((path, None, partial(bytes, body)) for path, body in plain.badges(snapshot, wording, language).items())
        yield from self._signed(page, snapshot.codes, (*snapshot.changed_within(HOT_FOR), *snapshot.warnings))
        for language in page.languages:
            yield from self._feeds(snapshot, language)
            yield from self._fixed(pages, snapshot, language)
        yield from self._of_no_language(pages, snapshot)

    def _signed(self, page: PublicPage, codes: Iterable[PublicCode], about: Iterable[Subject | PublicWarning]) -> Iterator[Source]:
        """Messages and updates with their signatures, and what is needed to check them."""
        if self._signer is None:
            return
        site, signer = Site(page), self._signer()
        yield signing.KEYS_PATH, (page, signer.public_keys), partial(signing.keys_file, page, signer)
        yield signing.HOW_PATH, page, partial(signing.how_file, page)
        for code in codes:
            yield site.signed(code.code), (page, code, signer.key_id), partial(signing.message_file, page, code, signer)
        for update in (update for subject in about for update in subject.updates):
            yield site.statement(update.id), (page, update, signer.key_id), partial(signing.statement_file, page, update, signer)

    def _subjects(self, pages: Pages, snapshot: Snapshot, subjects: Iterable[Subject], language: str) -> Iterator[Source]:
        for subject in subjects:
            names = tuple(snapshot.by_id[one].names for one in subject.component_ids if one in snapshot.by_id)
            address = pages.address(subject, language)
            yield address, (snapshot.page, subject, names), partial(pages.subject, snapshot, subject, language)

    def _feed(self, snapshot: Snapshot, language: str) -> feeds.Feed:
        """Of all services."""
        page, text = snapshot.page, self._wording.text
        title, description = text("title", language, bank=page.name), text("feed.description", language, bank=page.bank)
        return feeds.feed_of(snapshot, language, title=title, description=description, warning=self._wording.warning(language))

    def _feeds(self, snapshot: Snapshot, language: str) -> Iterator[Source]:
        """Feeds of each component, and calendars of all services and of each."""
        page, text, feed = snapshot.page, self._wording.text, self._feed(snapshot, language)
        yield from self._calendar(snapshot, language, title=text("calendar_of", language, name=page.name))
        for component in snapshot.components:
            name = said(component.names, language, page.default_language)
            yield from self._formats(feeds.feed_about(feed, component, title=f"{name} · {feed.title}"))
            yield from self._calendar(snapshot, language, title=text("calendar_of", language, name=name), component=component)

    def _formats(self, feed: feeds.Feed) -> Iterator[Source]:
        site = Site(feed.page)
        for kind, make in (("atom", feeds.atom), ("rss", feeds.rss), ("json", feeds.json_feed)):
            yield site.feed(feed.language, kind, feed.slug), feed, partial(make, feed)

    def _former_feeds(self, feed: feeds.Feed) -> Iterator[Source]:
        """The feed where readers of a bank that comes from Statuspage look for it; its own address in it is the proper one."""
        for kind, make in (("atom", feeds.atom), ("rss", feeds.rss)):
            yield f"/history.{kind}", feed, partial(make, feed)

    def _calendar(self, snapshot: Snapshot, language: str, *, title: str, component: PublicComponent | None = None) -> Iterator[Source]:
        plan = plan_of(snapshot, language, title=title, component=component)
        yield Site(snapshot.page).calendar(language, component.slug if component else ""), plan, partial(calendar, plan)

    def _voice(self, snapshot: Snapshot, language: str) -> Iterator[Source]:
        """What the phone line says."""
        site, speech = Site(snapshot.page), voice.speech_of(snapshot, self._wording, language)
        yield site.voice(language, "txt"), speech, partial(voice.text, speech)
        yield site.voice(language, "xml"), speech, partial(voice.twiml, speech)

    def _fixed(self, pages: Pages, snapshot: Snapshot, language: str) -> Iterator[Source]:
        page, site = snapshot.page, pages.site
        yield site.history(language), (page, snapshot.months), partial(pages.archive, snapshot.months, language)
        names = tuple((one.slug, one.names) for one in snapshot.components)
        yield site.report(language), (page, names), partial(pages.report, snapshot.components, language)
        yield site.stay(language), (page, names), partial(pages.stay, snapshot.components, language)
        for address, make in self._same_for_all(pages, language).items():
            yield f"/{language}{address}", page, make

    def _same_for_all(self, pages: Pages, language: str) -> Mapping[str, Make]:
        """Pages that exist in every language and, in the default one, also without a language in the address."""
        return {
            pages.site.contact_path: partial(pages.contact, language),
            pages.site.claim_path: partial(pages.claim, language),
            "/u/": partial(pages.codes, language),
            "/u/unknown/": partial(pages.codes, language, unknown=True),
            "/404.html": partial(pages.missing, language),
            **{f"/report/{outcome}/": partial(pages.reported, outcome, language) for outcome in REPORTED},
        }

    def _of_no_language(self, pages: Pages, snapshot: Snapshot) -> Iterator[Source]:
        page = snapshot.page
        for address, make in self._same_for_all(pages, page.default_language).items():
            yield address, page, make
        yield "/banner.js", page, banner_js
        yield "/robots.txt", page, partial(plain.robots_txt)
        yield ACCOUNTS_PATH, page, partial(accounts_file, page)
        if page.security_contact:
            yield "/.well-known/security.txt", None, partial(plain.security_txt, page, snapshot.made_at)
