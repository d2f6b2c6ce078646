"""The example configurations are accepted as they stand, and speak of the demonstration as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from statuspage.core.vocabulary import ComponentStatus
from statuspage.demo import networks
from statuspage.demo.bank import references
from statuspage.demo.stage import environment
from statuspage.demo.stories import STORIES, WORKS
from statuspage.settings.loader import Loaded, load_file
from statuspage.worker.assemble import build_words

EXAMPLES = Path(__file__).parents[2] / "examples"
INVENTED = dict(re.findall(r"^(\w+)=(.*)$", (EXAMPLES / "realistic-bank.env").read_text(encoding="utf-8"), re.MULTILINE))
LANGUAGES = {"en", "es", "nl", "fr", "de"}


def loaded(name: str) -> Loaded:
    """The example, with something fitting for every reference in it."""
    path = EXAMPLES / name
    return load_file(path, INVENTED | environment("127.0.0.1", 8000, Path("/nowhere")))


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.yaml")))
def test_every_example_is_accepted_and_can_be_put_into_words(name: str) -> None:
    found = loaded(name)

    assert build_words(found.settings)
    assert found.settings.probes


def test_there_are_the_three_examples_that_the_documentation_speaks_of() -> None:
    assert {path.name for path in EXAMPLES.glob("*.yaml")} == {"minimal.yaml", "demonstration.yaml", "realistic-bank.yaml"}


def test_the_minimal_example_is_minimal() -> None:
    found = loaded("minimal.yaml").settings

    assert len(found.components) == len(found.probes) == 1
    assert found.accounts == [] and not found.demonstration


def test_the_realistic_bank_has_forty_components_named_in_five_languages() -> None:
    found = loaded("realistic-bank.yaml").settings

    assert len(found.components) == 40
    assert all(set(one.name) == LANGUAGES for one in (*found.components, *found.groups))
    assert {one.slug for one in found.components if one.private} == {"core", "fraud-screening"}
    assert {probe.kind for probe in found.probes} == {"http", "tcp", "tls", "dns", "journey"}
    assert {channel.language for channel in found.channels} == LANGUAGES
    assert all(not location.references or len(location.references) >= 3 for location in found.locations)


def test_the_realistic_bank_comes_with_an_invented_value_for_each_reference_and_for_nothing_else() -> None:
    text = (EXAMPLES / "realistic-bank.yaml").read_text(encoding="utf-8")

    assert set(INVENTED) == set(re.findall(r"\$\{([A-Z]\w+)\}", re.sub(r"^#.*$", "", text, flags=re.MULTILINE)))


def test_the_demonstration_posts_in_five_languages_on_fourteen_networks_and_to_two_lists_and_marks_itself() -> None:
    found = loaded("demonstration.yaml").settings

    assert found.demonstration
    networks = {"mastodon", "bluesky", "x", "facebook", "threads", "instagram", "linkedin", "pinterest", "telegram"}
    networks |= {"slack", "teams", "discord", "matrix", "ntfy"}
    assert {account.kind for account in found.accounts} == {*networks, "email", "sms_list", "webhook"}
    assert {channel.language for channel in found.channels if not (channel.sandbox or channel.operators)} == LANGUAGES
    assert all(set(one.name) == LANGUAGES for one in (*found.components, *found.groups))


def test_the_demonstration_knows_the_demonstration_networks_as_they_are() -> None:
    found = loaded("demonstration.yaml")

    for entry in networks.account_entries("http://127.0.0.1:8004"):
        config = {key: networks.environment().get(str(value)[2:-1], value) for key, value in entry["config"].items()}
        assert {key: getattr(found.configs[entry["name"]], key) for key in config} == config


def test_the_demonstrations_past_speaks_of_components_that_it_has() -> None:
    slugs = {component.slug for component in loaded("demonstration.yaml").settings.components}

    assert {slug for story in STORIES for slug in story.hit} | {slug for work in WORKS for slug in work.components} <= slugs


def test_a_sign_in_failure_of_the_demonstration_is_confirmed_within_one_interval_and_ten_seconds() -> None:
    probe = next(probe for probe in loaded("demonstration.yaml").settings.probes if probe.name == "log-in-password")

    longest_s = probe.interval_s + (probe.failures_to_open - 1) * probe.recheck_s

    assert probe.status is ComponentStatus.MAJOR_OUTAGE
    assert longest_s <= probe.interval_s + 10


def test_complete_sign_ins_of_the_demonstration_leave_each_code_its_half_minute() -> None:
    found = loaded("demonstration.yaml")
    per_user: dict[str, float] = {}

    for probe in found.settings.probes:
        target = found.targets[probe.name]
        if probe.kind == "journey" and target.uses_codes:
            for account in target.accounts:
                per_user[account.user] = per_user.get(account.user, 0.0) + 30.0 / (probe.interval_s * len(target.accounts))

    assert len(per_user) == len({name for name in references() if name.endswith("_TOTP")})
    assert all(codes <= 1.0 for codes in per_user.values()), per_user


def test_the_demonstration_names_no_secret_in_plain_words() -> None:
    text = (EXAMPLES / "demonstration.yaml").read_text(encoding="utf-8")
    secrets = [value for name, value in references().items() if name.endswith(("_PASSWORD", "_TOTP", "_DEVICE"))]

    assert not [secret for secret in (*secrets, *networks.environment().values()) if secret in text]
