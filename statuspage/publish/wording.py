"""The words of the public files: names of states and phases, moments, and the page's own sentences (data/locale, section `public`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from statuspage.publish.snapshot import PublicPage
from statuspage.words import Catalogue, moments
from statuspage.words.interface import Interface, locale_of


class Wording:
    """Speaks every language of one page."""

    def __init__(self, page: PublicPage, catalogue: Catalogue) -> None:
        self._page, self._catalogue = page, catalogue
        self._zone = ZoneInfo(page.time_zone)
        self._interfaces: Mapping[str, Interface] = {language: Interface(language) for language in page.languages}

    def text(self, key: str, language: str, **values: object) -> str:
        """A sentence or label: `key` within the section `public`, its slots filled."""
        return self._interfaces[language].text(f"public.{key}", **values)

    def state(self, status: str, language: str) -> str:
        """A component status in words."""
        return self._catalogue.template(("state_name", str(status)), language).source()

    def phase(self, name: str, language: str) -> str:
        """The status of an incident or of planned work, or a kind of notice that has a name of its own, in words."""
        return self._catalogue.template(("phase_name", str(name)), language).source()

    def symptom(self, key: str, scheme: str, language: str) -> str:
        """What customers notice; `scheme`: the payment scheme that one of the sentences names."""
        return self._catalogue.template(("symptom", key), language).fill(lambda _slot: scheme)

    @property
    def symptoms(self) -> tuple[str, ...]:
        """Keys of all symptoms that may be told without naming anything else."""
        return tuple(key for key in self._catalogue.keys("symptom") if key != "scheme")

    def advice(self, key: str, language: str) -> str:
        """What helps meanwhile."""
        values = {"phone": self._page.phone or "", "contact": self._page.url + self._page.contact_path}
        return self._catalogue.template(("advice", key), language).fill(values.__getitem__)

    def has(self, language: str) -> bool:
        """True if the page could speak it: texts in one that it has no more stay as they were said."""
        return self._catalogue.has(("safety",), language)

    def safety(self, language: str) -> str:
        """The line that the bank never asks for codes, with the page's own address."""
        return self._catalogue.template(("safety",), language).fill(lambda _slot: self._page.url)

    def spoken_frame(self, language: str) -> tuple[str, str]:
        """What begins and what ends everything that the phone line says."""
        return self._catalogue.voice_frame(language)

    def warning(self, language: str) -> str:
        """Title of a fraud warning."""
        return self._catalogue.template(("notice", "fraud_warning", "title"), language).source()

    def correction(self, text: str, language: str) -> re.Match[str] | None:
        """Where a correction says what was wrong and what is right, as groups `wrong` and `right`: the sentences of who wrote it.

        Each of them is one line: a line feed is refused when it is typed, and none is written into a notice.
        """
        source = self._catalogue.template(("notice", "correction", "page"), language).source()
        before, _, after = source.partition("{wrong}")
        between, _, _ = after.partition("{text}")
        label = before.rpartition("\n")[2]
        return re.search(rf"^{re.escape(label)}(?P<wrong>.+?){re.escape(between)}(?P<right>[^\n]+)", text, re.DOTALL | re.MULTILINE)

    def language_name(self, language: str) -> str:
        """A language's name in itself: "Deutsch"."""
        return str(locale_of(language).get_language_name(language)).capitalize()

    def moment(self, at: datetime, language: str, *, now: datetime | None = None, year: bool = False) -> str:
        """A moment in the bank's time, with its zone; with the date unless it is near `now`; with its year where that is asked for."""
        return moments.moment(at, language, self._zone, now=now or at, with_date=now is None, with_year=year)

    def is_far(self, at: datetime, now: datetime) -> bool:
        """True if the moment's date could be taken for one of another year."""
        return moments.is_far(at, self._zone, now)

    def day(self, day: date, language: str) -> str:
        """A local day: "Mon 30 Nov"."""
        return moments.day(datetime.combine(day, time(12), UTC), language, ZoneInfo("UTC"))

    def month(self, year: int, month: int, language: str) -> str:
        """ "November 2026"."""
        return str(format_skeleton("yMMMM", date(year, month, 1), locale=locale_of(language)))

    def duration(self, seconds: float, language: str) -> str:
        """The two largest units: "1 h 15 min"."""
        return moments.duration(seconds, language)

    def unit(self, unit: str, language: str) -> str:
        """A unit of time with the place of its number, "{n} min": hour or minute, which have one form for every number."""
        return self._interfaces[language].text(f"duration.short.{unit}", n="{n}")

    def percent(self, share: float, language: str) -> str:
        """0.9995 -> "99.95%"; never rounded up."""
        return self._interfaces[language].percent(share)
