"""What customers are told that they notice is true of how badly something fails."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from statuspage.core.detector import Policy, Side, Streak
from statuspage.core.grouping import Landscape
from statuspage.core.sights import Look, look
from statuspage.core.symptoms import Noticed, told_by, true_of
from statuspage.core.vocabulary import ComponentStatus, Reason
from statuspage.words import load_catalogue

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DOWN, PARTLY, SLOW = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.DEGRADED_PERFORMANCE
WRONG = frozenset({Reason.VALUE_MISSING})
LATE = frozenset({Reason.TOO_SLOW})


@pytest.mark.parametrize(
    ("failing", "told"),
    [
        ([], None),
        ([Noticed(DOWN, WRONG)], None),
        ([Noticed(DOWN, WRONG), Noticed(SLOW, WRONG, "balance")], None),  # the gravest says nothing of its own: the component's
        ([Noticed(SLOW, WRONG, "balance"), Noticed(DOWN, WRONG, "login")], "login"),
        ([Noticed(DOWN, WRONG), Noticed(DOWN, WRONG, "code_late")], "code_late"),
        ([Noticed(SLOW, LATE)], "slow"),
        ([Noticed(SLOW, LATE, "transfer")], "slow"),  # transfers come late; none is refused
        ([Noticed(SLOW, LATE), Noticed(SLOW, WRONG, "balance")], "balance"),
    ],
)
def test_the_gravest_probe_gives_the_symptom_and_slowness_alone_is_slow(failing: list[Noticed], told: str | None) -> None:
    assert told_by(failing) == told


@pytest.mark.parametrize(
    ("symptom", "status", "true"),
    [
        *[("login", SLOW, "slow"), ("unreachable", SLOW, "slow"), ("login", DOWN, "login"), ("balance", SLOW, "balance")],
        *[("card", SLOW, "trouble"), ("card", PARTLY, "card"), ("late", SLOW, "late"), ("slow", SLOW, "slow")],
    ],
)
def test_what_is_only_degraded_is_not_said_to_be_shut(symptom: str, status: ComponentStatus, true: str) -> None:
    assert true_of(symptom, status) == true


def test_no_sentence_of_the_catalogue_says_of_what_is_only_degraded_that_it_does_not_work_at_all() -> None:
    shut = re.compile(r"\b(not work|refused|do not (open|give))\b")

    told = {load_catalogue().template(("symptom", true_of(key, SLOW)), "en").source() for key in load_catalogue().keys("symptom")}

    assert [sentence for sentence in told if shut.search(sentence)] == []


def test_a_component_has_the_symptom_of_its_gravest_probe() -> None:
    def probe(name: str, **more: object) -> Look:
        return Look(name, "app", ("here",), 5.0, Policy(), **more)  # type: ignore[arg-type]

    bad = Side(bad=True, changed_at=NOW)
    down = Streak(hurt=bad, down=bad, sure=True, seen_at=NOW, reason=Reason.HTTP_STATUS)
    fine = Streak(sure=True, seen_at=NOW)
    looks = [probe("log-in"), probe("balance", when_down=SLOW, symptom="balance")]
    alone = Landscape(depends_on={}, groups={"app": None}, order=["app"])

    both = look(NOW, looks, {("log-in", "here"): down, ("balance", "here"): down}, {}, [], alone)
    one = look(NOW, looks, {("log-in", "here"): fine, ("balance", "here"): down}, {}, [], alone)

    assert (both.sights["app"].verdict.status, both.sights["app"].symptom) == (DOWN, None)
    assert (one.sights["app"].verdict.status, one.sights["app"].symptom) == (SLOW, "balance")
