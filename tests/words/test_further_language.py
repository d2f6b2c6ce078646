"""A sixth language is one file: nothing else of the product is touched."""

from __future__ import annotations

import importlib.resources
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from statuspage.words.catalogue import CatalogueError, parse_catalogue
from statuspage.words.source import data_bytes

PRODUCT = Path(str(importlib.resources.files("statuspage"))).parent
SHOW = """
from dataclasses import replace
from pathlib import PurePosixPath
from tests.publish.samples import PAGE, outage, builder
page = replace(PAGE, languages=("en", "pt"), default_language="en")
files = builder(page).hot(replace(outage(), page=page), 1)
print(files[PurePosixPath("pt/index.html")].body.decode())
print(files[PurePosixPath("pt/voice.txt")].body.decode())
"""


def spanish() -> dict[str, Any]:
    """A language's whole file, made from the Spanish words: those of the interface, and the notices."""
    data: dict[str, Any] = yaml.safe_load(data_bytes("locale", "es.yaml"))
    notices = yaml.safe_load(data_bytes("notices.yaml"))
    return {**data, "notices": {name: _own(part) for name, part in notices.items() if name != "drop_first"}}


def _own(node: Any) -> Any:
    """One text in place of one per language."""
    if isinstance(node, dict) and isinstance(node.get("es"), str):
        return node["es"]
    return {key: _own(value) for key, value in node.items()}


def run(product: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(product), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=product, env=environ, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """The product, to which only one file may be added."""
    for name in ("statuspage", "broadcasters", "templates"):
        shutil.copytree(PRODUCT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").symlink_to(PRODUCT / "tests")
    return tmp_path


def put(product: Path, words: Mapping[str, Any]) -> None:
    (product / "statuspage" / "data" / "locale" / "pt.yaml").write_text(yaml.safe_dump(words, allow_unicode=True), encoding="utf-8")


def test_one_file_is_enough_for_a_page_and_its_spoken_text(product: Path) -> None:
    words = spanish()
    words["public"]["headline"]["partial_outage"] = "Alguns serviços não funcionam"
    put(product, words)

    checked, shown = run(product, "-m", "statuspage.words.check"), run(product, "-c", SHOW)

    assert checked.returncode == 0 and "in en, es, nl, fr, de, pt." in checked.stdout, checked.stderr
    assert '<html lang="pt">' in shown.stdout and "Alguns serviços não funcionam" in shown.stdout, shown.stderr
    assert 'hreflang="pt" aria-current="true">Português</a>' in shown.stdout
    assert words["notices"]["safety_voice"] in shown.stdout


def test_the_check_names_every_text_that_the_file_lacks(product: Path) -> None:
    words = spanish()
    del words["notices"]["symptom"]["atm"], words["public"]["headline"]["degraded"]
    put(product, words)

    checked = run(product, "-m", "statuspage.words.check")

    assert checked.returncode == 1
    assert checked.stderr.splitlines() == [
        "the catalogue of notices: symptom.atm.pt is missing",
        "data/locale: public.headline.degraded is missing in 'pt'",
    ]


def test_a_file_that_is_not_named_as_a_language_is_no_language_and_the_check_names_it(product: Path) -> None:
    locale = product / "statuspage" / "data" / "locale"
    for name in ("pt-BR.yaml", "de-old.yaml", "PT.yaml"):
        shutil.copy(locale / "de.yaml", locale / name)

    spoken = run(product, "-c", "from statuspage.words.interface import LANGUAGES; print(*LANGUAGES)")
    checked = run(product, "-m", "statuspage.words.check")

    assert spoken.stdout == "en es nl fr de\n", spoken.stderr
    assert checked.returncode == 1
    told = "data/locale: {} is not read: use two small letters and .yaml, as in pt.yaml, or take it away"
    assert checked.stderr.splitlines() == [told.format(name) for name in ("PT.yaml", "de-old.yaml", "pt-BR.yaml")]


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ({"symptom": {"nonsense": "x"}}, "symptom.nonsense is not known; it stands in the words in 'pt'"),
        ({"nonsense": {"a": "x"}}, "the section 'nonsense' is not known; it stands in the words in 'pt'"),
        ({"symptom": {"atm": 5}}, "symptom.atm.pt: 5 found"),
        ({"safety": "We never ask. {wrong}"}, "safety.pt: slots wrong found"),
    ],
)
def test_what_a_further_file_has_wrong_is_named(own: Mapping[str, Any], fault: str) -> None:
    with pytest.raises(CatalogueError, match=fault):
        parse_catalogue(data_bytes("notices.yaml"), {"pt": own})
