"""Every example of docs/probes.md is a target that the product accepts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from statuspage.core.vocabulary import Outcome, Reason
from statuspage.probes import PROBES
from statuspage.settings.kinds import probe_targets
from statuspage.settings.secrets import forbid_unknown_keys

TEXT = (Path(__file__).parents[2] / "docs" / "probes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", sorted(PROBES))
def test_the_example_of_each_kind_is_accepted(kind: str) -> None:
    section = TEXT.split(f"\n## {kind}\n")[1].split("\n## ")[0]
    example = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert example is not None
    forbid_unknown_keys(probe_targets()[kind])

    target = TypeAdapter(probe_targets()[kind]).validate_python(yaml.safe_load(example.group(1))["target"])

    assert type(target) is PROBES[kind].Target


@pytest.mark.parametrize("word", sorted({*Reason, *Outcome}))
def test_every_reason_and_outcome_is_explained(word: str) -> None:
    assert f"`{word}`" in TEXT
