"""`statuspage channel test` asks a network who we are, and posts nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from statuspage.cli import main
from statuspage.demo import stage
from statuspage.demo.networks.accounts import ACCOUNTS
from statuspage.demo.networks.server import RunningNetworks, running_networks
from statuspage.settings.loader import load_file
from statuspage.settings.summary import summary

UNTRIED = ("teams", "webhook", "slack_webhook", "apprise")  # of which nothing can be asked


@pytest.fixture
def networks(tmp_path: Path) -> Iterator[RunningNetworks]:
    with running_networks(tmp_path / "networks", mail=True) as running:
        yield running


@pytest.fixture
def environ(tmp_path: Path, networks: RunningNetworks) -> dict[str, str]:
    assert networks.relay is not None
    own = {"STATUSPAGE_CONFIG": str(stage.CONFIGURATION), "STATUSPAGE_DATA": str(tmp_path / "data")}
    found = stage.environment("127.0.0.1", 9, tmp_path) | {"NETWORKS_URL": networks.url, "MAIL_PORT": str(networks.relay.port)} | own
    assert typed(found, "migrate").exit_code == 0
    return found


def typed(environ: dict[str, str], *arguments: str) -> Result:
    result = CliRunner().invoke(main, ["--json", *arguments], env=environ)
    assert all(account.token not in result.output for account in ACCOUNTS)
    return result


def test_the_credentials_of_every_channel_are_tried_and_nothing_is_posted(environ: dict[str, str], networks: RunningNetworks) -> None:
    channels = load_file(stage.CONFIGURATION, environ).settings.channels

    found = {channel.name: typed(environ, "channel", "test", channel.name) for channel in channels}

    kinds = {name: json.loads(result.stdout)["network"] for name, result in found.items()}
    untried = {name for name, kind in kinds.items() if kind in UNTRIED}
    assert {name: result.exit_code for name, result in found.items()} == {name: 7 if name in untried else 0 for name in found}
    good = {name: json.loads(result.stdout)["good"] for name, result in found.items()}
    assert good == {name: "cannot be tried" if name in untried else "yes" for name in found} and untried
    said = {name: json.loads(result.stdout)["said"] for name, result in found.items()}
    assert said["threads-es"] == "Signed in as @demobank."
    assert "demobank" in said["bluesky-nl"]  # a session is begun for it
    assert networks.truth() == []


def test_credentials_that_do_not_count_are_a_refusal_in_words(environ: dict[str, str], networks: RunningNetworks) -> None:
    networks.misbehave("instagram", "revoked")

    result = typed(environ, "channel", "test", "instagram-nl")

    assert (result.exit_code, json.loads(result.stdout)["good"]) == (1, "no")
    assert "The worker renews the credentials by itself" in json.loads(result.stdout)["said"]


def test_an_unknown_channel_is_answered_with_those_that_there_are(environ: dict[str, str]) -> None:
    result = typed(environ, "channel", "test", "myspace")

    assert result.exit_code == 4
    assert "bluesky-nl" in result.stderr


@pytest.mark.parametrize(("link", "cost"), [("every", "1.20"), ("first", "0.28"), ("never", "0.09")])
def test_check_tells_what_an_incident_costs_on_x(environ: dict[str, str], tmp_path: Path, link: str, cost: str) -> None:
    file = tmp_path / "statuspage.yaml"
    whole = stage.CONFIGURATION.read_text()
    file.write_text(whole.replace("account: x, language: en, link: first", f"account: x, language: en, link: {link}"))

    lines = list(summary(load_file(file, environ), date(2026, 11, 23)).lines())

    (told,) = [line for line in lines if " USD " in line]
    assert told.lstrip().startswith("x-en:") and f"about {cost} USD an incident of 6 posts" in told
