"""The catalogue of sentences (statuspage/data/notices.yaml): loaded once, checked whole, never changed.

The first five languages stand side by side in that file. A further one is one file, data/locale/LANGUAGE.yaml: its section `notices`
has the sections of notices.yaml with one text in place of one per language.

A text may lack a language: that language is then blocked for notices that need the text (see Words.blocked_languages), the
others go on. Everything else that is wrong makes the catalogue as a whole invalid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from statuspage.core.errors import DomainError, InvalidText
from statuspage.core.vocabulary import ComponentStatus, Form, IncidentStatus, MaintenanceStatus, NoticeKind
from statuspage.words import sms
from statuspage.words.interface import LANGUAGES, NOTICES
from statuspage.words.slots import Template, parse
from statuspage.words.source import FIRST, data_bytes, read_yaml

Path = tuple[str, ...]

SAFETY_SHORT_CHARACTERS = 45

SENTENCES = ("safety", "safety_short", "safety_voice", "fraud_voice", "reference", "works_line", "next_line")
FAMILIES = ("phase_name", "state_name", "symptom", "cause", "advice", "late", "reply")
DROPPABLE = ("advice", "works", "cause", "works_line")

BEGINNING_KINDS = (NoticeKind.INVESTIGATING, NoticeKind.PLANNED, NoticeKind.FRAUD_WARNING)  # these carry a title
SPOKEN_KINDS = tuple(kind for kind in NoticeKind if kind is not NoticeKind.ALARM)

_VALUES = frozenset(
    [
        "bank",
        "service",
        "affected",
        "works",
        "scheme",
        "start",
        "end",
        "was",
        "next",
        "late_until",
        "reply_by",
        "review",
        "duration",
        "url",
        "code",
        "contact",
        "claim",
        "phone",
        "fake",
        "wrong",
        "text",
        "ref",
    ]
)
_SENTENCE_SLOTS = frozenset(
    ["symptom", "cause", "advice", "late", "works_line", "next_line", "safety", "safety_short", "safety_voice", "fraud_voice"]
)
_ALLOWED_SLOTS: Mapping[str, frozenset[str]] = {
    "phase_name": frozenset(),
    "state_name": frozenset(),
    "safety": frozenset({"url"}),
    "safety_short": frozenset(),
    "safety_voice": frozenset(),
    "fraud_voice": frozenset(),
    "reference": frozenset({"code"}),
    "works_line": frozenset({"works"}),
    "next_line": frozenset({"next"}),
    "symptom": frozenset({"scheme"}),
    "cause": frozenset(),
    "advice": frozenset({"phone", "contact"}),
    "late": frozenset({"late_until"}),
    "notice": _VALUES | _SENTENCE_SLOTS,
    "reply": _VALUES | _SENTENCE_SLOTS,
}


class CatalogueError(DomainError):
    """The catalogue is wrong; nothing of it is used."""


class MissingTranslation(DomainError):
    """A text that is needed does not exist in a language: that language is blocked, the others are not."""


@dataclass(frozen=True)
class Catalogue:
    """All texts: path -> language -> template, e.g. ("notice", "update", "short") -> "fr"."""

    drop_first: tuple[str, ...]
    texts: Mapping[Path, Mapping[str, Template]]

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in which at least one text exists, sorted."""
        return tuple(sorted({language for texts in self.texts.values() for language in texts}))

    def has(self, path: Path, language: str) -> bool:
        return language in self.texts.get(path, {})

    def template(self, path: Path, language: str) -> Template:
        """One text. Raises InvalidText for a key that the catalogue does not have, MissingTranslation for a language it lacks."""
        texts = self.texts.get(path)
        if texts is None:
            allowed = ", ".join(self.keys(*path[:-1])) or "nothing of this kind"
            raise InvalidText(f"The catalogue has no {'.'.join(path)}. Allowed: {allowed}. No notice was made.")
        if language not in texts:
            raise MissingTranslation(
                f"The text {'.'.join(path)} does not exist in {language!r}; it exists in: {', '.join(sorted(texts))}. "
                f"Nothing that needs it is published in {language!r} until it is written."
            )
        return texts[language]

    def voice_frame(self, language: str) -> tuple[str, str]:
        """What begins and what ends every spoken text: the key for a lost card, and the safety line."""
        return self.template(("fraud_voice",), language).source(), self.template(("safety_voice",), language).source()

    def keys(self, *section: str) -> tuple[str, ...]:
        """The names one step below a section, in the order of the file: keys("symptom"), keys("notice", "update")."""
        depth = len(section)
        return tuple(dict.fromkeys(path[depth] for path in self.texts if len(path) > depth and path[:depth] == section))

    def missing(self, languages: Iterable[str]) -> list[str]:
        """Dotted names of the texts that a language lacks, e.g. "symptom.atm.fr"."""
        wanted = tuple(languages)
        return [".".join((*path, language)) for path, texts in self.texts.items() for language in wanted if language not in texts]


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that comes with the product."""
    return parse_catalogue(
        data_bytes("notices.yaml"), {language: _own_notices(language) for language in LANGUAGES if language not in FIRST}
    )


def _own_notices(language: str) -> Mapping[str, Any]:
    """The notices of a language that has its own file; nothing if it has none there."""
    data = read_yaml(data_bytes("locale", f"{language}.yaml"), CatalogueError, f"the words in {language!r}")
    return dict(_items(data.get(NOTICES)))


def parse_catalogue(raw: bytes, further: Mapping[str, Mapping[str, Any]] | None = None) -> Catalogue:
    """A catalogue from the bytes of its file. Raises CatalogueError naming everything that is wrong, each with its place.

    further   language -> its texts in the same sections, for those that stand in files of their own
    """
    data = read_yaml(raw, CatalogueError, "the catalogue of notices")
    faults = list(_wrong_sections(data))
    texts: dict[Path, Mapping[str, Template]] = {}
    if not faults:
        for language, own in (further or {}).items():
            faults.extend(_take_in(data, language, own))
        for path, leaf in _leaves(data):
            try:
                texts[path] = _templates(path, leaf)
            except InvalidText as fault:
                faults.append(str(fault))
        catalogue = Catalogue(tuple(data["drop_first"]), texts)
        faults.extend(_wrong_catalogue(catalogue))
    if faults:
        raise CatalogueError("The catalogue of notices is not used:\n" + "\n".join(f"- {fault}" for fault in faults))
    return catalogue


def _take_in(data: dict[str, Any], language: str, own: Mapping[str, Any]) -> Iterator[str]:
    """Puts one language's texts beside those of the others; names those that belong nowhere."""
    known = {path: leaf for path, leaf in _leaves(data) if isinstance(leaf, dict)}
    for path, text in _leaves({section: own.get(section) for section in data}):
        if text is None:
            continue
        if path in known:
            known[path][language] = text
        else:
            yield f"{'.'.join(path)} is not known; it stands in the words in {language!r}"
    for section in sorted(set(own) - set(data)):
        yield f"the section {section!r} is not known; it stands in the words in {language!r}"


def _wrong_sections(data: Mapping[str, Any]) -> Iterator[str]:
    expected = {"drop_first", "notice", *SENTENCES, *FAMILIES}
    for name in sorted(expected - set(data)):
        yield f"the section {name!r} is missing"
    for name in sorted(set(data) - expected):
        yield f"the section {name!r} is not known. Allowed: {', '.join(sorted(expected))}"
    order = data.get("drop_first")
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(DROPPABLE):
        yield f"drop_first: {order!r} found; it is an order of: {', '.join(DROPPABLE)}"


def _leaves(data: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for name in SENTENCES:
        yield (name,), data[name]
    for name in FAMILIES:
        for key, leaf in _items(data[name]):
            yield (name, key), leaf
    for kind, forms in _items(data["notice"]):
        for form, leaf in _items(forms):
            yield ("notice", kind, form), leaf


def _items(node: Any) -> list[tuple[str, Any]]:
    return [(str(key), value) for key, value in node.items()] if isinstance(node, dict) else []


def _templates(path: Path, leaf: Any) -> Mapping[str, Template]:
    where = ".".join(path)
    if not isinstance(leaf, dict) or not leaf:
        raise InvalidText(f"{where}: {leaf!r} found; a text per language is expected, e.g. {{en: ..., fr: ...}}")
    templates: dict[str, Template] = {}
    for language, text in leaf.items():
        if not isinstance(text, str) or not text.strip() or text != text.strip() or "  " in text:
            raise InvalidText(f"{where}.{language}: {text!r} found; a text without spaces at its ends or double spaces is expected")
        templates[str(language)] = parse(text, f"{where}.{language}")
    return templates


def _wrong_catalogue(catalogue: Catalogue) -> Iterator[str]:
    yield from _wrong_keys(catalogue)
    for path, texts in catalogue.texts.items():
        yield from _wrong_slots(path, texts)
    for language, template in catalogue.texts.get(("safety_short",), {}).items():
        text = template.source()
        if len(text) > SAFETY_SHORT_CHARACTERS:
            yield f"safety_short.{language}: {len(text)} characters found; at most {SAFETY_SHORT_CHARACTERS} always fit"
    for path in _sms_paths(catalogue):
        for language, template in catalogue.texts[path].items():
            if strange := sorted(set(template.source()) - sms.GSM_LETTERS - {"{", "}"}):
                yield f"{'.'.join(path)}.{language}: {' '.join(strange)} found; an SMS takes letters of the GSM alphabet only"


def _wrong_keys(catalogue: Catalogue) -> Iterator[str]:
    phases = {*IncidentStatus, *MaintenanceStatus, "reopened", "planned_cancelled", "correction", "fraud_warning"}
    needed: list[tuple[str, set[str]]] = [("phase_name", set(phases)), ("state_name", set(ComponentStatus)), ("notice", set(SPOKEN_KINDS))]
    for section, keys in needed:
        found = set(catalogue.keys(section))
        for key in sorted(keys - found):
            yield f"{section}.{key} is missing"
        for key in sorted(found - keys):
            yield f"{section}.{key} is not known. Allowed: {', '.join(sorted(keys))}"
    for kind in SPOKEN_KINDS:
        forms = {Form.PAGE, Form.SHORT, Form.SMS, Form.VOICE} | ({Form.TITLE} if kind in BEGINNING_KINDS else set())
        if set(catalogue.keys("notice", kind)) != forms:
            found_forms = ", ".join(catalogue.keys("notice", kind)) or "nothing"
            yield f"notice.{kind}: {found_forms} found; exactly these forms are expected: {', '.join(sorted(forms))}"


def _wrong_slots(path: Path, texts: Mapping[str, Template]) -> Iterator[str]:
    where = ".".join(path)
    reference_language = next(iter(texts))
    expected = texts[reference_language].slots
    for language, template in texts.items():
        if template.slots != expected:
            yield f"{where}.{language}: slots {_listed(template.slots)} found; {reference_language} has {_listed(expected)}"
        if unknown := template.slots - _ALLOWED_SLOTS[path[0]]:
            yield f"{where}.{language}: slots {_listed(unknown)} found. Allowed here: {_listed(_ALLOWED_SLOTS[path[0]])}"


def _sms_paths(catalogue: Catalogue) -> list[Path]:
    """The SMS texts, and the sentences that they take in."""
    forms = [path for path in catalogue.texts if path[0] == "notice" and path[2] == Form.SMS]
    taken = {slot for path in forms for template in catalogue.texts[path].values() for slot in template.slots & _SENTENCE_SLOTS}
    return forms + [path for path in catalogue.texts if path[0] in taken]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
