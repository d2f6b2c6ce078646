"""The page's own words: every key is used and every key that is used exists, in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from statuspage.core.status import PageSentence
from statuspage.publish.assets import TEMPLATES
from statuspage.publish.page import REPORTED
from statuspage.words.interface import Interface
from tests.publish.samples import LANGUAGES

SOURCES = (*TEMPLATES.glob("public/*.htm*"), *TEMPLATES.glob("partials/*.html"), TEMPLATES / "layout.html")
CODE = Path(__file__).parent.parent.parent / "statuspage" / "publish"
MADE_UP = {f"headline.{sentence}" for sentence in PageSentence} | {"contact_lead", "claim_lead"}  # built from parts in page.py
MADE_UP |= {f"report.{outcome}{part}" for outcome in REPORTED for part in ("", "_lead")}


def used() -> set[str]:
    """Keys named in templates, t("key"), and in code, text("key" or similar."""
    templates = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    code = "".join(path.read_text(encoding="utf-8") for path in CODE.glob("*.py"))
    return set(re.findall(r'\bt\("([a-z_.]+)"', templates)) | set(re.findall(r'"([a-z]+[a-z_.]*)"', code)) | MADE_UP


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_page_is_used_and_none_is_missing(language: str) -> None:
    keys = {key.removeprefix("public.") for key in Interface(language).keys() if key.startswith("public.")}  # noqa: SIM118
    templates = "".join(path.read_text(encoding="utf-8") for path in SOURCES)

    assert keys - used() == set()
    assert set(re.findall(r'\bt\("([a-z_.]+)"', templates)) - keys - set(Interface(language).keys()) == set()  # or named whole: mail.title
    assert MADE_UP - keys == set()
