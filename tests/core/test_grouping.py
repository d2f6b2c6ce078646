"""Which failures are one incident, rule by rule, and which component names it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from statuspage.core.grouping import Failure, Family, Landscape, clusters, family, lead
from statuspage.core.vocabulary import ComponentStatus, Reason

T0 = datetime(2026, 11, 23, 13, 35, tzinfo=UTC)
LANDSCAPE = Landscape(
    depends_on={"web": [], "login": ["web"], "app": ["login"], "cards": ["switch"], "cash": ["switch"], "transfers": [], "ledger": []},
    groups={"web": "online", "login": "online", "app": None, "cards": None, "cash": None, "transfers": "pay", "iban": "pay"},
    order=["web", "login", "app", "cards", "cash", "transfers", "iban", "ledger"],
    private=frozenset({"ledger"}),
)


def failed(slug: str, after_s: float, *families: Family, status: ComponentStatus = ComponentStatus.MAJOR_OUTAGE) -> Failure:
    moment = T0 + timedelta(seconds=after_s)
    return Failure(slug, status, since=moment, confirmed_at=moment, families=frozenset(families))


def together(*failures: Failure) -> list[set[str]]:
    return [{failure.slug for failure in cluster} for cluster in clusters(failures, LANDSCAPE, 60.0)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (failed("web", 0), failed("app", 7200), True),  # one depends on the other, at any time
        (failed("cards", 0), failed("cash", 60), True),  # both need the same
        (failed("cards", 0), failed("cash", 61), False),
        (failed("transfers", 0), failed("iban", 60), True),  # one heading
        (failed("transfers", 0), failed("iban", 61), False),
        (failed("web", 0, Family.NETWORK), failed("cards", 59, Family.NETWORK, Family.NAME), True),  # one kind of cause
        (failed("web", 0, Family.NETWORK), failed("cards", 59, Family.ANSWER), False),
        (failed("web", 0, Family.NETWORK), failed("cards", 61, Family.NETWORK), False),
        (failed("web", 0, Family.NETWORK), failed("ledger", 0, Family.NETWORK), False),  # the public hears nothing of one
    ],
)
def test_two_failures_are_one_incident_where_they_may_share_a_cause(one: Failure, other: Failure, same: bool) -> None:
    assert len(together(one, other)) == (1 if same else 2)


def test_three_that_fail_within_a_minute_are_one_incident_whatever_they_look_like() -> None:
    web, cards, iban = failed("web", 0, Family.NAME), failed("cards", 30, Family.ANSWER), failed("iban", 60, Family.CERTIFICATE)

    assert together(web, cards, iban) == [{"web", "cards", "iban"}]
    assert together(web, cards, failed("iban", 61)) == [{"web"}, {"cards"}, {"iban"}]
    assert together(web, cards, failed("ledger", 30)) == [{"web"}, {"cards"}, {"ledger"}]


@pytest.mark.parametrize(
    ("cluster", "named"),
    [
        ([failed("app", 0), failed("web", 20)], "web"),  # what explains another
        ([failed("cards", 5), failed("iban", 0, status=ComponentStatus.DEGRADED_PERFORMANCE)], "cards"),  # the gravest
        ([failed("cards", 5), failed("cash", 0)], "cash"),  # the first
        ([failed("iban", 0), failed("cards", 0)], "cards"),  # higher on the page
    ],
)
def test_an_incident_is_named_after_what_explains_most_then_the_gravest_then_the_first(cluster: list[Failure], named: str) -> None:
    assert lead(cluster, LANDSCAPE) == named


def test_every_reason_has_a_kind_of_cause() -> None:
    assert family(Reason.DNS_TIMEOUT) is Family.NAME
    assert family(Reason.CONNECT_REFUSED) is family(Reason.CONNECTION_RESET) is family(Reason.READ_TIMEOUT) is Family.NETWORK
    assert family(Reason.TLS_EXPIRED) is Family.CERTIFICATE
    assert family(Reason.TEXT_MISSING) is family(Reason.HTTP_STATUS) is Family.ANSWER
