"""The page's own words (headings, labels, sentences around the notices), from statuspage/data/locale/LANGUAGE.yaml.

A value of the file is a text with {slots}, or, where a number decides the form of the words, one text per plural category of
the language (CLDR): `one`, `other`, and whatever else the language has. The number is always the slot {n}.

A language beyond the first five has its notices in the same file, in the section `notices`: so it is one file (words/catalogue.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from babel import Locale
from babel.numbers import format_decimal, format_percent

from statuspage.core.errors import DomainError, InvalidText
from statuspage.words.slots import Template, parse
from statuspage.words.source import data_bytes, languages, read_yaml

LANGUAGES = languages()
NOTICES = "notices"  # the section of a further language's file that the catalogue of notices reads
NUMBER = "n"

_CATEGORIES = frozenset(("zero", "one", "two", "few", "many", "other"))  # plural categories of CLDR

_REGION = {"en": "en_GB"}  # day before month, 24 hours


class InterfaceError(DomainError):
    """A file of interface words is wrong, or a text was asked for that does not exist."""


class Interface:
    """The words of one language. Build it once per language and keep it."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = locale_of(language)
        self._texts = load_interface(language)

    def text(self, key: str, **values: object) -> str:
        """One text with its slots filled. Numbers are written as the language writes them; everything else as str() gives it.

        Raises InterfaceError if the key is unknown or a slot has no value.
        """
        forms = self._texts.get(key)
        if forms is None:
            raise InterfaceError(f"There is no interface text {key!r} in {self.language!r}. Add it to data/locale/{self.language}.yaml.")
        template = forms.get("other") if len(forms) == 1 else forms.get(self._plural(key, values), forms.get("other"))
        if template is None:
            raise InterfaceError(f"The interface text {key!r} has no form 'other' in {self.language!r}.")
        return template.fill(lambda name: self._shown(key, name, values))

    def keys(self) -> tuple[str, ...]:
        return tuple(self._texts)

    def number(self, value: float) -> str:
        """12345 -> "12,345" in English."""
        return format_decimal(value, locale=self.locale)

    def percent(self, share: float, decimals: int = 2) -> str:
        """0.99953 -> "99.95%" in English. Cut, never rounded up: 99.999 % is not shown as 100 %."""
        factor = 10 ** (decimals + 2)
        cut = int(share * factor + 1e-9) / factor
        pattern = "0." + "0" * decimals if decimals else "0"
        spaced = str(self.locale.percent_formats[None].pattern).replace("#,##0", pattern)
        return format_percent(cut, format=spaced, locale=self.locale)

    def _plural(self, key: str, values: Mapping[str, object]) -> str:
        number = values.get(NUMBER)
        if not isinstance(number, int | float):
            raise InterfaceError(f"The interface text {key!r} needs the number {NUMBER!r}; {number!r} found.")
        return str(self.locale.plural_form(number))

    def _shown(self, key: str, name: str, values: Mapping[str, object]) -> str:
        if name not in values:
            raise InterfaceError(f"The interface text {key!r} needs a value for {name!r}; given: {', '.join(values) or 'none'}.")
        value = values[name]
        return self.number(value) if isinstance(value, int | float) else str(value)


def locale_of(language: str) -> Locale:
    """The rules for dates, numbers and plurals of a language of the page."""
    return Locale.parse(_REGION.get(language, language))


@cache
def load_interface(language: str) -> Mapping[str, Mapping[str, Template]]:
    """The words that come with the product. Raises InterfaceError for a language that has no file."""
    try:
        raw = data_bytes("locale", f"{language}.yaml")
    except FileNotFoundError:
        raise InterfaceError(f"There are no interface words in {language!r}. Languages: {', '.join(LANGUAGES)}.") from None
    return parse_interface(raw, language)


def parse_interface(raw: bytes, language: str) -> Mapping[str, Mapping[str, Template]]:
    """key -> plural category -> template, from the bytes of a file. Nested keys are joined by dots: feed.title."""
    data = read_yaml(raw, InterfaceError, f"the interface words in {language!r}")
    data.pop(NOTICES, None)
    categories = {*locale_of(language).plural_form.tags, "other"}
    return dict(_flat(data, (), categories))


def differences(texts: Mapping[str, Mapping[str, Mapping[str, Template]]]) -> list[str]:
    """What one language has and another lacks: keys, and slots. `texts`: language -> what parse_interface gives."""
    found: list[str] = []
    everything: dict[str, Mapping[str, Template]] = {}
    for own in texts.values():
        everything = {**own, **everything}  # the first language that has a key is the measure
    for language, own in texts.items():
        found.extend(f"{key} is missing in {language!r}" for key in everything if key not in own)
        for key, forms in own.items():
            expected, slots = _slots(everything[key]), _slots(forms)
            if expected != slots:
                found.append(f"{key} has the slots {sorted(slots)} in {language!r} and {sorted(expected)} elsewhere")
            if len(forms) > 1 and (lacking := {*locale_of(language).plural_form.tags, "other"} - {*forms, "many"}):
                found.append(f"{key} lacks the plural forms {sorted(lacking)} in {language!r}")
    return found


def _slots(forms: Mapping[str, Template]) -> set[str]:
    """Slots of a text. The form for one may leave the number out ("one hour")."""
    return {name for template in forms.values() for name in template.slots}


def _flat(node: Mapping[str, Any], path: tuple[str, ...], categories: Iterable[str]) -> Iterable[tuple[str, Mapping[str, Template]]]:
    for key, value in node.items():
        here = (*path, str(key))
        where = ".".join(here)
        if isinstance(value, str) and value.strip():
            yield where, {"other": parse(value, where)}
        elif isinstance(value, dict) and "other" in value and _CATEGORIES.issuperset(value):
            yield where, {form: parse(text, f"{where}.{form}") for form, text in _forms(value, where, categories)}
        elif isinstance(value, dict) and value:
            yield from _flat(value, here, categories)
        else:
            raise InterfaceError(f"{where}: {value!r} found; a text, or one text per plural form with 'other' among them, is expected.")


def _forms(value: Mapping[str, Any], where: str, categories: Iterable[str]) -> list[tuple[str, str]]:
    for form, text in value.items():
        if form not in categories or not isinstance(text, str) or not text.strip():
            allowed = ", ".join(sorted(categories))
            raise InvalidText(f"{where}.{form}: {text!r} found; a text for one of the plural forms {allowed} is expected.")
    return list(value.items())
