"""At once or held: the first rule that matches. And what one network alone may not announce."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.policy import SOCIAL_NETWORKS, Decision, decide, lone_network
from statuspage.core.vocabulary import ComponentStatus, Impact
from statuspage.settings.models import Rule

AT_ONCE = Decision(0.0)
slugs, names = st.sampled_from(["cards", "login", "atm"]), st.sampled_from(["x", "mastodon"])
rules = st.builds(
    Rule,
    components=st.lists(slugs, max_size=2),
    impacts=st.lists(st.sampled_from(Impact), max_size=2),
    channels=st.lists(names, max_size=2),
    policy=st.sampled_from(["at_once", "hold"]),
    hold_s=st.floats(1, 600),
)


@given(rules=st.lists(rules, max_size=5), hit=st.sets(slugs), impact=st.sampled_from(Impact), channel=names)
def test_the_first_rule_that_matches_decides_and_what_stands_after_it_does_not_matter(
    rules: list[Rule], hit: set[str], impact: Impact, channel: str
) -> None:
    catch_all = Rule(policy="hold", hold_s=999)

    found = decide([*rules, catch_all], AT_ONCE, components=hit, impact=impact, channel=channel)

    expected = next(
        rule
        for rule in [*rules, catch_all]
        if (not rule.components or hit.intersection(rule.components))
        and (not rule.impacts or impact in rule.impacts)
        and (not rule.channels or channel in rule.channels)
    )
    assert found == Decision(expected.hold_s if expected.policy == "hold" else 0.0)


def test_without_a_rule_that_matches_the_default_counts() -> None:
    only_login = Rule(components=["login"], policy="at_once")

    assert decide([only_login], Decision(120.0), components=["cards"], impact=Impact.MAJOR, channel="x") == Decision(120.0)


@pytest.mark.parametrize(
    ("networks", "refused"),
    [([], None), (["x"], "x"), (["x", "x"], "x"), (["x", "mastodon"], None), (["webhook"], None), (["x", "webhook"], None)],
)
def test_a_major_outage_is_not_for_one_social_network_alone(networks: list[str], refused: str | None) -> None:
    """N9"""
    down, partly = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE

    assert lone_network([partly, down], networks) == refused
    assert lone_network([partly], networks) is None


def test_what_customers_do_not_read_together_is_no_social_network() -> None:
    assert not {"webhook", "mail", "sms"} & SOCIAL_NETWORKS
