"""Words: the one door to the texts of notices, for one page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from statuspage.core.errors import CannotFit, InvalidText, NotAllowed
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import Form, NoticeKind
from statuspage.words import moments, sms, story
from statuspage.words.catalogue import Catalogue
from statuspage.words.fitting import fit, left_out
from statuspage.words.guard import check_fake, digests, guard
from statuspage.words.interface import Interface
from statuspage.words.page import PageFacts
from statuspage.words.wording import NOWHERE, Addresses, Wording, needed_paths

VOICE_CHARACTERS = 260  # about 20 s
VOICE_LONGEST = 340  # with the longest names and nothing left to drop

_ANY_MOMENT = datetime.fromisoformat("2000-01-01T00:00:00+00:00")  # a title names no moment
_CASE_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")


class Words:
    """The texts of one page. Holds values only; the same facts at the same moment always give the same text.

    All texts of notices take `now`, the aware moment of writing: it decides whether a moment needs its date. Errors:

    NotAllowed          a slot that must be filled has no value: the notice lacks a fact
    InvalidText         a key that the catalogue does not have, or a value that breaks a guard rail
    MissingTranslation  the language lacks a text; see blocked_languages
    """

    def __init__(self, page: PageFacts, catalogue: Catalogue) -> None:
        self._page = page
        self._catalogue = catalogue
        self._tz = moments.zone(page.time_zone)
        self._known = digests(_constant_sentences(page, catalogue))
        self._check_names()

    @property
    def facts(self) -> PageFacts:
        """The page whose words these are."""
        return self._page

    # --- the forms of a notice -----------------------------------------------------------------------------------------

    def title(self, facts: Facts, language: str) -> str:
        """Name of an incident, planned work or a warning; mail subject. Only kinds that begin one have it."""
        path = ("notice", str(facts.kind), Form.TITLE)
        if path not in self._catalogue.texts:
            raise NotAllowed(f"A notice of the kind {str(facts.kind)!r} has no title: what it continues keeps its own.")
        return self._wording(facts, language, Form.TITLE, _ANY_MOMENT).write()

    def page(self, facts: Facts, language: str, *, url: str, now: datetime) -> str:
        """The whole text, for page, mail and feed. url: address of the incident's own page."""
        return self._wording(facts, language, Form.PAGE, now, Addresses(url=url)).write()

    def short(self, facts: Facts, language: str, *, code: str, link: bool, fits: Callable[[str], bool], now: datetime) -> str:
        """A post. It ends with the address at which it can be verified, or, without link, with "Ref CODE". Raises CannotFit."""
        return fit(self._post(facts, language, code, link=link, now=now), fits)

    def sms(self, facts: Facts, language: str, *, now: datetime, code: str = "", fits: Callable[[str], bool] = sms.fits) -> str:
        """At most two parts, unless `fits` says otherwise, in letters of the GSM alphabet. With a code it ends in "Ref CODE".

        Raises CannotFit.
        """
        wording, end = self._wording(facts, language, Form.SMS, now), self._sms_end(language, code)
        return sms.to_gsm(fit(wording, lambda text: fits(sms.to_gsm(text + end))) + end)

    def left_out(self, facts: Facts, language: str, text: str, *, code: str, sms_form: bool, now: datetime) -> tuple[str, ...]:
        """What was left out of a text that short(), or sms() where sms_form is set, gave for the same facts; see fitting.left_out."""
        if sms_form:
            end = self._sms_end(language, code)
            return left_out(self._wording(facts, language, Form.SMS, now), lambda version: sms.to_gsm(version + end) == text)
        post = self._post(facts, language, code, link=self.verification_url(code) in text, now=now)
        return left_out(post, lambda version: version == text)

    def voice(self, facts: Facts, language: str, *, now: datetime) -> str:
        """For the bank's phone line: 260 characters, up to 340 where the names leave nothing to drop. Raises CannotFit."""
        wording = self._wording(facts, language, Form.VOICE, now)
        try:
            return fit(wording, lambda text: len(text) <= VOICE_CHARACTERS)
        except CannotFit:
            return fit(wording, lambda text: len(text) <= VOICE_LONGEST)

    def voice_body(self, facts: Facts, language: str, *, now: datetime) -> str:
        """voice() without its first and its last sentence, for several texts that are read out one after another."""
        begin, end = self._catalogue.voice_frame(language)
        return self.voice(facts, language, now=now).removeprefix(begin).removesuffix(end).strip()

    def reply(
        self,
        message_class: str,
        facts: Facts,
        language: str,
        *,
        url: str,
        fits: Callable[[str], bool],
        now: datetime,
        ref: str | None = None,
        reply_by: datetime | None = None,
    ) -> str:
        """Answer to one customer, by class of message: reaction, question_simple, question_personal, complaint. Raises CannotFit.

        url: what the answer links to; ref, reply_by: case number and promised moment, where the class needs them.
        """
        extra = {}
        if ref is not None:
            if not _CASE_NUMBER.fullmatch(ref):
                raise InvalidText(f"ref: {ref!r} is not a case number. Use up to 20 letters, digits and hyphens. No answer was made.")
            extra["ref"] = ref
        if reply_by is not None:
            extra["reply_by"] = moments.moment(reply_by, language, self._tz, now=now)
        path = ("reply", message_class)
        self._check_facts(facts)
        wording = Wording(
            self._page, self._catalogue, self._tz, facts, language, Form.SHORT, now, path, Addresses(url=url), extra
        )  # fmt: skip
        return fit(wording, fits)

    def notice_answer(self, facts: Facts, language: str, *, url: str, fits: Callable[[str], bool], now: datetime) -> str:
        """The notice itself as an answer to one customer: the words of a post, which lead to `url` and carry no code. Raises CannotFit."""
        return fit(self._wording(facts, language, Form.SHORT, now, Addresses(url=url)), fits)

    def story(self, language: str, entries: Sequence[tuple[datetime, str]], fits: Callable[[str], bool], now: datetime) -> str:
        """For channels that edit: the newest state first, then earlier entries with their moments; the oldest are dropped first.

        entries   (moment, text) in the order of their update sequence, oldest first; at least one
        raises    CannotFit, if the newest alone does not fit
        """
        told = [story.Entry(self.moment(at, language, now=now), text) for at, text in entries]
        safety = self.safety_short(language)
        reference = self._catalogue.template(("reference",), language).fill(lambda _: "")
        heading = Interface(language).text("story.earlier")
        return story.tell(told, heading, story.Repeated(safety, self.verification_url(""), reference), fits)

    # --- single words --------------------------------------------------------------------------------------------------

    def verification_url(self, code: str) -> str:
        """Where anybody can check that a message is genuine."""
        return f"{self._page.url}/u/{code}"

    def safety_short(self, language: str) -> str:
        """The safety line of posts and answers."""
        return self._catalogue.template(("safety_short",), language).source()

    def state_name(self, value: str, language: str) -> str:
        """A component's status in the reader's words, e.g. "Partly down"."""
        return self._catalogue.template(("state_name", str(value)), language).source()

    def phase_name(self, value: str, language: str) -> str:
        """A phase in the reader's words: a status of the public API, or a kind for which the API has none."""
        return self._catalogue.template(("phase_name", str(value)), language).source()

    @property
    def symptoms(self) -> tuple[str, ...]:
        """Keys of all that customers may notice."""
        return self._catalogue.keys("symptom")

    def symptoms_in(self, texts: Mapping[str, str], scheme: str | None) -> frozenset[str]:
        """Keys of the symptoms whose sentence stands in a text of its language, alone or beside others, with or without full stop.

        texts: language -> text; scheme: the payment scheme that one of the sentences names
        """
        return frozenset(
            key
            for key in self._catalogue.keys("symptom")
            for language, text in texts.items()
            if self._catalogue.has(("symptom", key), language)
            if _says(text, self._catalogue.template(("symptom", key), language).fill(lambda _: scheme or ""))
        )

    def moment(self, at: datetime, language: str, *, now: datetime, with_date: bool = False) -> str:
        """A moment in the bank's zone: "Mon 14:35 CET"; with the date if it is more than six days away."""
        return moments.moment(at, language, self._tz, now=now, with_date=with_date)

    def day(self, at: datetime, language: str) -> str:
        """A day in the bank's zone: "Mon 30 Nov"."""
        return moments.day(at, language, self._tz)

    def duration(self, seconds: float, language: str, spoken: bool = False) -> str:
        """The two largest units: "1 h 15 min"; spoken in full words."""
        return moments.duration(seconds, language, spoken=spoken)

    # --- what may be said ----------------------------------------------------------------------------------------------

    def blocked_languages(self, facts: Facts) -> set[str]:
        """Languages of the page in which this notice cannot be made, since a translation is missing; the others are not held up.

        A correction also needs a person's sentences in the language. A person's free addition does not block: the template says
        what is true without it.
        """
        paths = needed_paths(self._catalogue, self._page, facts)
        blocked = {language for language in self._page.languages if not all(self._catalogue.has(path, language) for path in paths)}
        if facts.kind is NoticeKind.CORRECTION:
            blocked |= {language for language in self._page.languages if not (facts.wrong.get(language) and facts.text.get(language))}
        return blocked

    def guard(self, text: str) -> None:
        """The guard rails, for text that a person typed; sentences of the catalogue pass. Raises InvalidText."""
        guard(text, own_hosts=self._page.own_hosts, known=self._known)

    def _post(self, facts: Facts, language: str, code: str, *, link: bool, now: datetime) -> Wording:
        addresses = Addresses(url=self.verification_url(code), code=code, reference=not link)
        return self._wording(facts, language, Form.SHORT, now, addresses)

    def _sms_end(self, language: str, code: str) -> str:
        return " " + self._catalogue.template(("reference",), language).fill(lambda _: code) if code else ""

    def _wording(self, facts: Facts, language: str, form: Form, now: datetime, addresses: Addresses = NOWHERE) -> Wording:
        self._check_facts(facts)
        path = ("notice", str(facts.kind), str(form))
        return Wording(self._page, self._catalogue, self._tz, facts, language, form, now, path, addresses)

    def _check_facts(self, facts: Facts) -> None:
        """Guard rails on everything in the facts that did not come from a list."""
        for name, texts in (("wrong", facts.wrong), ("text", facts.text), ("free_text", facts.free_text)):
            for language, text in texts.items():
                guard(text, own_hosts=self._page.own_hosts, known=self._known, where=f"{name} in {language!r}")
        if facts.scheme is not None:
            check_scheme(facts.scheme, "scheme")
        if facts.fake is not None:
            check_fake(facts.fake)

    def _check_names(self) -> None:
        check_bank(self._page.bank, "page.bank")
        for slug, names in self._page.names.items():
            for language, name in names.items():
                check_name(name, self._page.own_hosts, f"name of component {slug!r} in {language!r}")


def _says(text: str, sentence: str) -> bool:
    """True if the sentence stands in the text and does not go on there: "Cards are refused abroad" does not say "Cards are refused."."""
    return re.search(rf"(?<!\w){re.escape(_as_heard(sentence).rstrip('.!?'))}(?!\w| \w)", _as_heard(text)) is not None


def _as_heard(text: str) -> str:
    """Without what a person may type otherwise and mean the same: case, blanks, the shape of an apostrophe."""
    return " ".join(unicodedata.normalize("NFKC", text).replace("\u2019", "'").casefold().split())


def check_bank(bank: str, where: str) -> None:
    """Guard rails of the bank's name in notices. Raises InvalidText; the same is asked of a configuration before it is in force."""
    guard(bank, own_hosts=(), where=where)


def check_name(name: str, own_hosts: Iterable[str], where: str) -> None:
    """Those of a component's or a group's name in one language. own_hosts: see PageFacts. Raises InvalidText."""
    guard(name, own_hosts=own_hosts, where=where)


def check_scheme(scheme: str, where: str) -> None:
    """Those of a payment scheme's name. Raises InvalidText."""
    guard(scheme, own_hosts=(), where=where)


def _constant_sentences(page: PageFacts, catalogue: Catalogue) -> Iterable[str]:
    """Texts of the catalogue that read the same in every notice of the page."""
    constant = {"url": page.url, "phone": page.phone or "", "contact": page.contact_url}
    for path, texts in catalogue.texts.items():
        for template in texts.values():
            if template.slots <= (constant.keys() if path[0] in ("safety", "advice") else set()):
                yield template.fill(lambda name: constant[name])
