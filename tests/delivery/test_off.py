"""D20 and X32: who is refused as an account asks no more. It is off until a person resumes it or it is configured anew. In virtual time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from statuspage.actions import deliveries as deeds
from statuspage.actions import stories
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind
from statuspage.store import accounts, deliveries
from statuspage.worker.desk import Desk
from statuspage.worker.postmaster import Network
from tests.delivery.stage import Stage
from tests.simulation.networks import Config

DELIVERED, QUEUED, STUCK, SUPERSEDED = (
    DeliveryState.DELIVERED,
    DeliveryState.QUEUED,
    DeliveryState.STUCK,
    DeliveryState.SUPERSEDED,
)
REFUSALS = (402, 403, 410)
CLASSES = ("natural", "keyed", "staged", "bare", "blind")
DAY_S = 86_400.0


def refused(kind: str, status: int = 403, *others: str, mode: str = "reply") -> Stage:
    """A network that has refused the first post for the account's sake, and goes on refusing."""
    stage = Stage(kind, *others, mode=mode)
    stage.network(kind).disowns = status
    stage.tell()
    stage.passes(5.0)
    return stage


def resume(stage: Stage, kind: str) -> None:
    deeds.resume_account(stage.world.outside, kind, "Ada")
    stage.world.poke()


def asked(stage: Stage, kind: str) -> int:
    return len(stage.network(kind).requests)


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("kind", CLASSES)
def test_who_is_refused_as_an_account_asks_once_whatever_is_told_and_however_long(kind: str, status: int) -> None:
    stage = refused(kind, status)
    first = stage.rows(kind)[0]
    before = asked(stage, kind)

    for told in (NoticeKind.UPDATE, NoticeKind.IDENTIFIED, NoticeKind.MONITORING):
        stage.tell(told)
        stage.passes(600.0)
    stage.passes(DAY_S)

    assert first.state is STUCK and str(status) in first.detail
    assert asked(stage, kind) == before
    assert stage.states(kind) == [SUPERSEDED, SUPERSEDED, SUPERSEDED, QUEUED]
    assert [key for key in stage.alarms() if key.startswith("account:")] == [f"account:{kind}"]


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("kind", CLASSES)
def test_a_person_who_resumes_it_lets_the_newest_statement_begin_the_thread(kind: str, status: int) -> None:
    stage = refused(kind, status)
    stage.tell(NoticeKind.IDENTIFIED)
    stage.tell(NoticeKind.RESOLVED)
    stage.passes(600.0)
    stage.network(kind).disowns = 0

    resume(stage, kind)
    stage.passes(5.0)

    assert stage.states(kind) == [SUPERSEDED, SUPERSEDED, DELIVERED]
    assert stage.texts(kind) == [stage.rows(kind)[-1].text_alone]
    assert f"account:{kind}" not in stage.alarms() and stage.wrong() == []


def test_a_person_who_sends_it_again_resumes_the_account() -> None:
    stage = refused("bare")
    stage.network("bare").disowns = 0

    deeds.retry(stage.world.outside, stage.rows("bare")[0].id, "Ada")
    stage.world.poke()
    stage.passes(5.0)

    assert stage.states("bare") == [DELIVERED]
    assert stage.alarms() == []


def test_who_resumes_it_too_early_is_told_so_by_one_more_request() -> None:
    stage = refused("bare")
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(5.0)
    posted = [method for _, method, _ in stage.network("bare").requests].count("POST")

    resume(stage, "bare")
    stage.passes(DAY_S)

    assert [method for _, method, _ in stage.network("bare").requests].count("POST") == posted + 1
    assert stage.states("bare") == [SUPERSEDED, STUCK]
    assert "account:bare" in stage.alarms()


@pytest.mark.parametrize("status", [402, 403, 410])
def test_an_account_that_is_refused_when_it_is_tried_again_is_off_too(status: int) -> None:
    """Resumed too early, or behind a breaker: nobody asks every half a minute whether it was meant."""
    stage = refused("bare")
    stage.network("bare").disowns, stage.network("bare").shuns = status, True
    asked = len(stage.network("bare").requests)

    resume(stage, "bare")
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(DAY_S)

    assert len(stage.network("bare").requests) == asked + 1
    assert "account:bare" in stage.alarms()


def test_who_is_refused_only_when_asked_who_we_are_may_still_post() -> None:
    """Somebody who reads was refused and asked for a proof: it may be of a right to read alone."""
    stage = Stage("bare")
    stage.network("bare").disowns, stage.network("bare").shuns = 403, True
    stage.process.threads[0].dispatcher.prove_soon()
    stage.world.poke()
    stage.passes(60.0)
    proofs = asked(stage, "bare")
    stage.network("bare").disowns = 0

    stage.tell()
    stage.passes(5.0)

    assert proofs == 1
    assert stage.states("bare") == [DELIVERED] and stage.alarms() == []


def test_a_statement_that_goes_out_of_date_meanwhile_is_an_alarm_and_never_lost_silently() -> None:
    stage = refused("bare")
    stage.tell(NoticeKind.RESOLVED, valid_s=1800.0)

    stage.passes(1900.0)

    last = stage.rows("bare")[-1]
    assert (last.state, last.error_class) == (STUCK, "expired")
    assert {f"delivery:{last.id}", "account:bare"} <= set(stage.alarms())


def test_other_threads_of_the_account_wait_too_and_other_accounts_do_not() -> None:
    stage = refused("bare", 402, "natural")
    stage.people.update("incident0001", NoticeKind.INVESTIGATING, valid_s=None)
    stage.passes(60.0)

    with stage.world.store.reading() as session:
        states = {name: deliveries.thread(session, SubjectKind.INCIDENT, "incident0001", name)[0].state for name in ("bare", "natural")}
    assert states == {"bare": QUEUED, "natural": DELIVERED}


def test_an_account_that_is_off_stays_so_in_the_next_process() -> None:
    stage = refused("natural", 410)
    before = asked(stage, "natural")
    stage.world.kill(stage.process, "in the test")

    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(DAY_S)

    assert asked(stage, "natural") == before
    assert stage.states("natural") == [SUPERSEDED, QUEUED]


@pytest.mark.parametrize("answers", [True, False], ids=["says who we are", "cannot be asked that"])
def test_another_configuration_of_the_account_is_tried_at_once(answers: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    can = Network.can
    monkeypatch.setattr(Network, "can", lambda network, deed: can(network, deed) and (answers or deed != "verify"))
    stage = refused("natural", 410)
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(60.0)
    real, network = stage.world.context, stage.network("natural")
    network.disowns, network.token = 0, "another"
    configs = {"natural": Config("https://natural.sim", network.token)}
    monkeypatch.setattr(stage.world, "context", lambda process: replace(real(process), configs=configs))

    stage.world.reload(("natural",))
    stage.passes(5.0)

    assert stage.states("natural") == [SUPERSEDED, DELIVERED]
    assert "account:natural" not in stage.alarms()
    with stage.world.store.reading() as session:
        assert accounts.get(session, "natural") == accounts.Account("natural")


def test_the_same_configuration_loaded_again_changes_nothing() -> None:
    stage = refused("natural", 410)
    before = asked(stage, "natural")

    stage.world.reload(("natural",))
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(600.0)

    assert asked(stage, "natural") == before


@pytest.mark.parametrize("mode", ["reply", "edit"])
def test_a_post_that_is_gone_is_no_reason_to_switch_the_account_off(mode: str) -> None:
    """404 about the post that a thread continues, on a network that calls it gone."""
    stage = Stage("bare", mode=mode)
    stage.tell()
    stage.passes(2.0)
    stage.network("bare").posts[0].gone = True

    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(5.0)

    assert stage.states("bare") == [DELIVERED, DELIVERED]


def test_a_refused_edit_switches_the_account_off_in_the_middle_of_an_incident_and_the_end_is_told_when_it_works_again() -> None:
    stage = Stage("bare", mode="edit")
    stage.tell()
    stage.passes(5.0)
    stage.network("bare").disowns = 403
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(5.0)
    before = asked(stage, "bare")
    stage.tell(NoticeKind.RESOLVED)
    stage.passes(3600.0)
    waited = stage.states("bare"), asked(stage, "bare")
    stage.network("bare").disowns = 0

    resume(stage, "bare")
    stage.passes(5.0)

    assert waited == ([DELIVERED, SUPERSEDED, QUEUED], before)
    assert stage.states("bare") == [DELIVERED, SUPERSEDED, DELIVERED]
    assert stage.texts("bare") == [stage.rows("bare")[-1].story]
    assert stage.wrong() == []


@pytest.mark.parametrize("kind", ["natural", "keyed", "bare"])
def test_one_that_may_be_out_stays_in_doubt_while_the_account_is_off_and_is_settled_once(kind: str) -> None:
    """Its answer was lost, its repeat (where there is one) refused: nothing is asked, nothing guessed, nothing doubled."""
    stage = Stage(kind)
    stage.network(kind).script = ["lost_applied"]
    stage.tell()
    stage.passes(29.0)
    stage.people.update("incident0001", NoticeKind.INVESTIGATING, valid_s=None)
    stage.network(kind).disowns = 403
    stage.passes(3600.0)
    stage.network(kind).disowns = 0

    resume(stage, kind)
    stage.passes(600.0)

    assert stage.states(kind) == [DELIVERED]
    assert [text for text in stage.texts(kind) if stage.rows(kind)[0].code in text] == [stage.rows(kind)[0].text_alone]


def test_what_waits_is_told_with_the_reason_and_what_a_person_can_do() -> None:
    stage = refused("bare", 402)
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(5.0)

    with stage.world.store.reading() as session:
        why = stories.story_of(session, stage.world.outside, stage.rows("bare")[1].id).standing.why

    assert why.startswith("The account is off: nothing is asked of it until a person resumes it. bare: the network wants to be paid first")
    assert "answered 402" in why and "statuspage account resume bare" in why


def test_a_database_that_is_busy_when_the_refusal_comes_does_not_forget_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage("natural")
    stage.network("natural").disowns = 410
    real, failing = Desk.save_gate, [True]

    def save(desk: Desk, session: object) -> None:
        if failing:
            failing.pop()
            raise OSError("database is locked")
        real(desk, session)

    monkeypatch.setattr(Desk, "save_gate", save)
    stage.world.knobs.store_trouble = 1e-12  # the loop meets such errors with a pause
    stage.tell()
    stage.passes(5.0)
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(600.0)

    assert stage.states("natural") == [SUPERSEDED, QUEUED]
    assert asked(stage, "natural") == 1
