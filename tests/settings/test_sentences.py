"""A key that the catalogue does not have is found when the configuration is read, not on the day of the outage."""

from __future__ import annotations

from typing import Any

import pytest

from statuspage.settings import Settings
from statuspage.settings.rules import broken


def problems(component: dict[str, Any], probe: dict[str, Any]) -> list[str]:
    settings = Settings.model_validate(
        {
            "page": {"name": "Bank", "bank": "Bank", "url": "https://status.example.com", "languages": ["en"]},
            "components": [{"slug": "cards", "name": {"en": "Cards"}, **component}],
            "probes": [{"name": "cards-web", "kind": "http", "component": "cards", "target": {}, **probe}],
        }
    )
    return [f"{'.'.join(map(str, path))}: {text}" for path, text in broken(settings, {}, {})]


@pytest.mark.parametrize(
    ("component", "probe", "says"),
    [
        ({"symptom": "crads"}, {}, "components.0.symptom: found 'crads'"),
        ({"advice": ["no_call", "use_wbe"]}, {}, "components.0.advice.1: found 'use_wbe'"),
        ({"symptom": "scheme"}, {}, "components.0.symptom: the symptom 'scheme' names a payment scheme"),
        ({}, {"symptom": "dragons"}, "probes.0.symptom: found 'dragons'"),
        ({}, {"symptom": "scheme"}, "probes.0.symptom: the symptom 'scheme' names a payment scheme"),
    ],
)
def test_a_wrong_key_is_named_with_its_place_and_what_is_allowed(component: dict[str, Any], probe: dict[str, Any], says: str) -> None:
    (problem,) = problems(component, probe)

    assert problem.startswith(says)


def test_keys_of_the_catalogue_pass() -> None:
    assert problems({"symptom": "scheme", "scheme": "Bizum", "advice": ["no_repeat", "urgent"]}, {"symptom": "card"}) == []
