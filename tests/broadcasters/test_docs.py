"""docs/channels.md says what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from broadcasters import BROADCASTERS
from statuspage.demo.networks.accounts import SIGNING_SECRET
from tests.broadcasters.bench import APART, KINDS

TEXT = (Path(__file__).parents[2] / "docs" / "channels.md").read_text(encoding="utf-8")
SECRETS = {"apprise": "json://alarms.bank.example", "slack_webhook": "T0BANK/B0HOOK/secretOfTheHook"}  # where any words do not do
HEADINGS = {
    "mastodon": "Mastodon and compatible servers",
    "bluesky": "Bluesky",
    "x": "X",
    "facebook": "Facebook Page",
    "threads": "Threads",
    "instagram": "Instagram",
    "linkedin": "LinkedIn organisation",
    "pinterest": "Pinterest",
    "snapchat": "Snapchat",
    "google_business": "Google Business Profile",
    "telegram": "Telegram",
    "slack": "Slack",
    "slack_webhook": "Slack, by an incoming webhook",
    "teams": "Microsoft Teams",
    "discord": "Discord",
    "matrix": "Matrix",
    "ntfy": "ntfy",
    "email": "E-mail to a list",
    "apprise": "Everything else, through Apprise",
    "sms": "Short messages (SMS)",
    "sms_list": "Short messages to a list",
    "webhook": "Signed webhook",
}


@pytest.mark.parametrize("kind", (*KINDS, *APART))
def test_the_example_of_each_kind_is_a_configuration(kind: str) -> None:
    section = TEXT.split(f"\n## {HEADINGS[kind]}\n")[1].split("\n## ")[0]
    example = section.split("```yaml")[1].split("```")[0]
    values = {
        name: re.sub(r"\$\{.*\}", SECRETS.get(kind, SIGNING_SECRET), value) if isinstance(value, str) else value
        for name, value in _config(example).items()
    }

    config = BROADCASTERS[kind].Config(**values)

    assert BROADCASTERS[kind].limits(config)


@pytest.mark.parametrize("kind", (*KINDS, *APART))
def test_the_table_names_the_modes_in_their_order(kind: str) -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{kind}` |"))

    assert row.split("|")[4].strip().split(", ") == list(BROADCASTERS[kind].MODES)


def _config(example: str) -> dict[str, object]:
    found = yaml.safe_load(example)["config"]
    assert isinstance(found, dict)
    return found
