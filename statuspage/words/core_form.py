"""What a post still says where its sentences leave no room: the service, how it stands, what is promised, safety line and address.

For names, dates and addresses that are all at their longest, or a person's correction that is longer than a post. The address
leads to the whole text; without it a network would hear nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from statuspage.core.vocabulary import Form, NoticeKind
from statuspage.words.catalogue import Path
from statuspage.words.slots import parse
from statuspage.words.wording import Cut, Wording

_END = "{next_line} {safety_short} {url}"
_LASTING = "{service}: {symptom} " + _END  # what a customer notices says that it goes on
_WORK = "{service}: {phase}. {start} – {end}. " + _END

_TEXTS: Mapping[NoticeKind, str] = {
    **dict.fromkeys((NoticeKind.INVESTIGATING, NoticeKind.UPDATE, NoticeKind.IDENTIFIED, NoticeKind.REOPENED), _LASTING),
    **dict.fromkeys((NoticeKind.PLANNED, NoticeKind.PLANNED_STARTED, NoticeKind.PLANNED_LONGER), _WORK),
    **dict.fromkeys((NoticeKind.MONITORING, NoticeKind.RESOLVED), "{service}: {phase}. {late} " + _END),
    NoticeKind.PLANNED_CANCELLED: "{service}: {phase}. {start}. " + _END,
    NoticeKind.FRAUD_WARNING: "{phase}: {fake}. " + _END,
}
_OTHERS = "{service}: {phase}. " + _END


def versions(wording: Wording, cut: Cut) -> Iterator[str]:
    """The post in this form, with and without what it says of waiting payments; nothing for other forms, or without a translation.

    cut   what the longer versions left out last
    """
    if wording.path[0] != "notice" or wording.form is not Form.SHORT:
        return
    kind = wording.facts.kind
    phase = ("phase_name", kind.phase)
    text = _TEXTS.get(kind, _OTHERS)
    if all(wording.catalogue.has(path, wording.language) for path in _needed(text, phase)):
        yield _written(wording, cut, text, phase)
        yield _written(wording, cut, text.replace("{late} ", ""), phase)


def _needed(text: str, phase: Path) -> Iterator[Path]:
    yield ("next_line",)
    if "{phase}" in text:
        yield phase


def _written(wording: Wording, cut: Cut, text: str, phase: Path) -> str:
    def value(slot: str) -> str:
        return wording.catalogue.template(phase, wording.language).source() if slot == "phase" else wording.slot(slot, wording.path, cut)

    return parse(text, "core form").fill(value)
