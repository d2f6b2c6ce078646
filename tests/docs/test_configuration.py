"""docs/configuration.md names every key, with its true default; its examples are configurations."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from broadcasters import BROADCASTERS
from statuspage.probes import PROBES
from statuspage.settings import models
from statuspage.settings.loader import load_text
from statuspage.words.catalogue import load_catalogue

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
SECTIONS: dict[str, type[BaseModel]] = {
    "page": models.Page,
    "groups": models.Group,
    "components": models.ComponentSettings,
    "locations": models.Location,
    "probes": models.ProbeSettings,
    "accounts": models.AccountSettings,
    "channels": models.ChannelSettings,
    "policy": models.Policy,
    "incidents": models.Incidents,
    "delivery": models.Delivery,
    "publishing": models.Publishing,
    "retention": models.Retention,
}
KEYS = [(name, key) for name, model in SECTIONS.items() for key in model.model_fields]
NUMBERS = [(name, key) for name, key in KEYS if isinstance(SECTIONS[name].model_fields[key].default, int | float)]


def section(name: str) -> str:
    return TEXT.split(f"\n### {name}\n")[1].split("\n### ")[0]


def row(name: str, key: str) -> list[str]:
    """The cells of the table's row that names the key."""
    rows = [line.strip("| \n").split(" | ") for line in section(name).splitlines() if line.startswith("| `")]
    found = [cells for cells in rows if f"`{key}`" in cells[0]]
    assert len(found) == 1, f"{name}.{key} stands in {len(found)} rows"
    return found[0]


@pytest.mark.parametrize("key", sorted(models.Settings.model_fields))
def test_every_part_of_the_file_is_named(key: str) -> None:
    assert f"`{key}`" in TEXT.split("\n## The keys\n")[1].split("\n### ")[0]


@pytest.mark.parametrize(("name", "key"), KEYS)
def test_every_key_has_its_row(name: str, key: str) -> None:
    assert row(name, key)


@pytest.mark.parametrize("key", sorted(models.Rule.model_fields))
def test_every_key_of_a_rule_is_named(key: str) -> None:
    assert f"`rules[].{key}`" in section("policy")


@pytest.mark.parametrize(("name", "key"), NUMBERS)
def test_the_default_that_is_told_is_the_default(name: str, key: str) -> None:
    cells = row(name, key)
    place = re.findall(r"`([^`]+)`", cells[0]).index(key)
    default: Any = SECTIONS[name].model_fields[key].default

    told = yaml.safe_load(re.findall(r"`([^`]+)`", cells[1])[place])

    assert told == default and isinstance(told, bool) == isinstance(default, bool)


@pytest.mark.parametrize(("name", "key"), KEYS)
def test_what_is_required_is_called_so(name: str, key: str) -> None:
    required = SECTIONS[name].model_fields[key].default is PydanticUndefined

    assert row(name, key)[1].startswith("required") == required


@pytest.mark.parametrize("word", sorted({*PROBES, *BROADCASTERS, *load_catalogue().keys("symptom"), *load_catalogue().keys("advice")}))
def test_every_kind_symptom_and_advice_is_named(word: str) -> None:
    assert f"`{word}`" in TEXT


def test_the_examples_together_are_a_configuration(tmp_path: Path) -> None:
    parts: dict[str, Any] = {}
    for example in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL):
        parts |= yaml.safe_load(example)

    loaded = load_text(yaml.safe_dump(parts), name="page", folder=tmp_path, environ={"MASTODON_TOKEN": "a"})

    assert set(parts) == {"page", "groups", "components", "locations", "probes", "accounts", "channels", "policy"}
    assert loaded.settings.channels[0].name == "social-en"
