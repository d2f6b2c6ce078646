"""From facts to sentences: what stands in each slot of one text in one language, and what is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from statuspage.core.errors import InvalidText, NotAllowed
from statuspage.core.notices import Facts
from statuspage.core.vocabulary import Form, NoticeKind
from statuspage.words import moments
from statuspage.words.catalogue import Catalogue, Path
from statuspage.words.page import PageFacts

OPTIONAL = frozenset({"works_line", "advice", "cause", "late", "next_line"})

PAGE_ADVICE, POST_ADVICE = 2, 1  # sentences of advice in a page, in a post
POST_WORKS = 3  # names in {works} outside the page

NEEDS_PHONE = "urgent"  # the advice that gives the bank's number
GIVES_ADDRESS = "contact"  # and the one that gives an address: not for posts, whose only address is that of the message itself

_SAFETY_LINES = ("safety", "safety_short")  # slots of pages and posts; every one of them has its own

_SENTENCE_ENDS = (".", "!", "?", "…", ".”", ".»", '."')

_DATED_KINDS = (NoticeKind.PLANNED, NoticeKind.PLANNED_CANCELLED)  # their moments always carry the date


@dataclass(frozen=True)
class Cut:
    """What is left out so that a text fits.

    works      how many names {works} may have; None: as many as the form takes
    weekdays   of moments that carry a date
    """

    free_text: bool = False
    advice: bool = False
    works: int | None = None
    cause: bool = False
    works_line: bool = False
    weekdays: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What is left out, by name; works: some of its names, as long as the sentence stands."""
        gone = ("free_text", self.free_text), ("advice", self.advice), ("works", self.works is not None and not self.works_line)
        more = ("cause", self.cause), ("works_line", self.works_line), ("weekdays", self.weekdays)
        return tuple(name for name, out in (*gone, *more) if out)


@dataclass(frozen=True)
class Addresses:
    """What one text points to. url, code: what {url} and {code} give."""

    url: str = ""
    code: str = ""
    reference: bool = False  # the reference sentence takes the place of {url}


NOTHING = Cut()
NOWHERE = Addresses()


@dataclass(frozen=True)
class Wording:
    """One text about to be written: who speaks, of what, in which language and form, at which moment."""

    page: PageFacts
    catalogue: Catalogue
    tz: ZoneInfo
    facts: Facts
    language: str
    form: Form
    now: datetime
    path: Path
    addresses: Addresses = NOWHERE
    extra: Mapping[str, str] = field(default_factory=dict)  # values of one reply: ref, reply_by

    def write(self, cut: Cut = NOTHING) -> str:
        """The text, with what `cut` names left out. Raises NotAllowed where a slot that must be filled has no value."""
        return self._fill(self.path, cut)

    def free_text(self) -> str:
        """A person's addition. Only the page and a post take it, after what the template says and before its safety line."""
        takes_it = self.path[0] == "notice" and self.form in (Form.PAGE, Form.SHORT)
        return self._typed(self.facts.free_text) if takes_it else ""

    def slots(self) -> frozenset[str]:
        return self.catalogue.template(self.path, self.language).slots

    def works_named(self) -> int:
        """How many names {works} has before anything is dropped."""
        count = len(self.facts.works)
        return count if self.form is Form.PAGE else min(count, POST_WORKS)

    def _fill(self, path: Path, cut: Cut) -> str:
        return self.catalogue.template(path, self.language).fill(lambda name: self.slot(name, path, cut))

    def slot(self, name: str, path: Path, cut: Cut) -> str:
        """What stands in a slot of the text at `path`. Raises NotAllowed where one that must be filled has no value."""
        if name == "url":
            return self._url(path, cut)
        value = self.extra[name] if name in self.extra else _SLOTS[name](self, cut)
        if not value and name not in OPTIONAL:
            raise NotAllowed(
                f"{'.'.join(self.path)} in {self.language!r}: {{{name}}} has no value, and only "
                f"{', '.join(sorted(OPTIONAL))} may be left out. The notice was not made."
            )
        return self._after_free_text(value, cut) if name in _SAFETY_LINES and path == self.path else value

    def _after_free_text(self, safety: str, cut: Cut) -> str:
        """The safety line, after a person's addition if there is one: it stays the last sentence, as in every other text."""
        addition = "" if cut.free_text else self.free_text()
        return addition + ("\n" if self.form is Form.PAGE else " ") + safety if addition else safety

    def _url(self, path: Path, cut: Cut) -> str:
        if path == ("safety",):
            return self.page.url
        return self._fill(("reference",), cut) if self.addresses.reference else self.addresses.url

    # --- sentences -----------------------------------------------------------------------------------------------------

    def _sentence(self, family: str, key: str | None, cut: Cut) -> str:
        return self._fill((family, key), cut) if key else ""

    def _cause(self, cut: Cut) -> str:
        key = self.facts.cause
        if self.facts.kind is NoticeKind.IDENTIFIED:
            if key == "unknown":
                raise NotAllowed(
                    "identified: the cause 'unknown' was given, but the text says that the cause was found. Choose another cause."
                )
            if key is None and self.form is Form.PAGE:
                raise NotAllowed("identified: no cause was given, and the text says that the cause was found. Choose a cause.")
        return "" if cut.cause else self._sentence("cause", key, cut)

    def _advice(self, cut: Cut) -> str:
        if cut.advice:
            return ""
        most = PAGE_ADVICE if self.form is Form.PAGE else POST_ADVICE
        left_out = {GIVES_ADDRESS} if self.form is not Form.PAGE else set()
        keys = [key for key in self.facts.advice if key not in left_out and (key != NEEDS_PHONE or self.page.phone)]
        return " ".join(self._sentence("advice", key, cut) for key in keys[:most])

    def _works_line(self, cut: Cut) -> str:
        return "" if cut.works_line or not self.facts.works else self._fill(("works_line",), cut)

    def _next_line(self, cut: Cut) -> str:
        return self._fill(("next_line",), cut) if self.facts.next else ""

    # --- values --------------------------------------------------------------------------------------------------------

    def _names(self, slugs: tuple[str, ...]) -> str:
        return ", ".join(_one_line(self.page.name(slug, self.language)) for slug in slugs)

    def _works(self, cut: Cut) -> str:
        return self._names(self.facts.works[: self.works_named() if cut.works is None else cut.works])

    def _moment(self, at: datetime | None, cut: Cut) -> str:
        if at is None:
            return ""
        spoken = self.form is Form.VOICE
        dated = self.facts.kind in _DATED_KINDS
        return moments.moment(at, self.language, self.tz, now=self.now, with_date=dated, spoken=spoken, weekday=not cut.weekdays)

    def _review(self) -> str:
        return moments.day(self.facts.review, self.language, self.tz, spoken=self.form is Form.VOICE) if self.facts.review else ""

    def _duration(self) -> str:
        seconds = self.facts.duration_s
        return "" if seconds is None else moments.duration(seconds, self.language, spoken=self.form is Form.VOICE)

    def _typed(self, texts: Mapping[str, str]) -> str:
        """A person's whole sentences: what follows must not run into them, so that the last one gets its full stop."""
        text = _one_line(texts.get(self.language, ""))
        return text if not text or text.endswith(_SENTENCE_ENDS) else text + "."

    def _phone(self) -> str:
        if self.page.phone is None:
            raise NotAllowed(
                f"{'.'.join(self.path)} gives the bank's number, and page.phone is not set in statuspage.yaml. "
                "Set it, then send the notice again. The notice was not made."
            )
        return self.page.phone


_SLOTS: Mapping[str, Callable[[Wording, Cut], str]] = {
    "symptom": lambda w, cut: w._sentence("symptom", w.facts.symptom, cut),
    "cause": Wording._cause,
    "advice": Wording._advice,
    "late": lambda w, cut: w._sentence("late", w.facts.late, cut),
    "works_line": Wording._works_line,
    "next_line": Wording._next_line,
    "safety": lambda w, cut: w._fill(("safety",), cut),
    "safety_short": lambda w, cut: w._fill(("safety_short",), cut),
    "safety_voice": lambda w, cut: w._fill(("safety_voice",), cut),
    "fraud_voice": lambda w, cut: w._fill(("fraud_voice",), cut),
    "bank": lambda w, cut: _one_line(w.page.bank),
    "service": lambda w, cut: w._names((w.facts.service,)) if w.facts.service else "",
    "affected": lambda w, cut: w._names(w.facts.affected),
    "works": Wording._works,
    "scheme": lambda w, cut: _one_line(w.facts.scheme or ""),
    "start": lambda w, cut: w._moment(w.facts.start, cut),
    "end": lambda w, cut: w._moment(w.facts.end, cut),
    "was": lambda w, cut: w._moment(w.facts.was, cut),
    "next": lambda w, cut: w._moment(w.facts.next, cut),
    "late_until": lambda w, cut: w._moment(w.facts.late_until, cut),
    "review": lambda w, cut: w._review(),
    "duration": lambda w, cut: w._duration(),
    "code": lambda w, cut: w.addresses.code,
    "contact": lambda w, cut: w.page.contact_url,
    "claim": lambda w, cut: w.page.claim_url,
    "phone": lambda w, cut: w._phone(),
    "fake": lambda w, cut: w.facts.fake or "",
    "wrong": lambda w, cut: w._typed(w.facts.wrong),
    "text": lambda w, cut: w._typed(w.facts.text),
    "ref": lambda w, cut: "",
    "reply_by": lambda w, cut: "",
}


def needed_paths(catalogue: Catalogue, page: PageFacts, facts: Facts) -> list[Path]:
    """Every text of the catalogue that the forms of this notice may take in. Raises InvalidText for a key it does not have."""
    forms = [("notice", str(facts.kind), form) for form in catalogue.keys("notice", str(facts.kind))]
    if not forms:
        raise InvalidText(
            f"The catalogue has no text for a notice of the kind {str(facts.kind)!r}. Allowed: {', '.join(catalogue.keys('notice'))}."
        )
    chosen: Mapping[str, tuple[str, ...]] = {
        "symptom": (facts.symptom,) if facts.symptom else (),
        "cause": (facts.cause,) if facts.cause else (),
        "late": (facts.late,) if facts.late else (),
        "advice": tuple(key for key in facts.advice if key != NEEDS_PHONE or page.phone),
    }
    paths: list[Path] = [*forms, ("reference",)]
    slots = {slot for path in forms for template in catalogue.texts[path].values() for slot in template.slots}
    for slot in sorted(slots):
        if slot in chosen:
            paths.extend((slot, key) for key in chosen[slot])
        elif (slot,) in catalogue.texts:
            paths.append((slot,))
    for path in paths:
        if path not in catalogue.texts:
            raise InvalidText(
                f"The catalogue has no {'.'.join(path)}. Allowed: {', '.join(catalogue.keys(*path[:-1]))}. No notice was made."
            )
    return paths


def _one_line(text: str) -> str:
    return " ".join(text.split())
