"""What the console's newer pages do has its twin at a terminal: a delivery's story, alarms, warnings, corrections of planned work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from statuspage.core.vocabulary import DeliveryState
from statuspage.store import Database, alarms, deliveries
from tests.cli.terminal import Terminal


def make_unknown(terminal: Terminal) -> str:
    """A declared incident's first delivery, sent a quarter of an hour ago without an answer."""
    terminal.json("incident", "declare", "login")
    one = str(terminal.json("deliveries", "list")[0]["id"])
    database = Database(f"sqlite:///{terminal.data / 'statuspage.db'}")
    at = datetime.now(UTC) - timedelta(minutes=15)
    with database.writing() as session:
        row = deliveries.get(session, one)
        deliveries.note(session, row, at, "send", "intent", "a post that stands alone (40 letters)")
        deliveries.note(session, row, at, "send", "ambiguous", "mastodon.example answered 503.")
        assert deliveries.change(session, row, state=DeliveryState.UNKNOWN, attempts=1, last_attempt_at=at, detail="It answered 503.")
    database.close()
    return one


def test_the_whole_story_with_what_can_be_done_and_the_page_for_it(terminal: Terminal) -> None:
    one = make_unknown(terminal)

    told = terminal.json("deliveries", "show", one)
    people_see = " ".join(terminal.ok("deliveries", "show", one).split())

    assert "Nobody knows whether it is out. It answered 503." in told["why"]
    assert [line["what"] for line in told["attempts_made"]] == ["Sent", "No clear answer: nobody knows whether it is out"]
    assert [(choice["do"].split()[2], choice["may_double"]) for choice in told["choices"]][:2] == [("seen", False), ("not-there", True)]
    assert told["thread"] == [{"update": 1, "kind": "investigating", "state": "unknown", "id": one, "url": None}]
    assert told["console"] == f"http://127.0.0.1:9/console/deliveries/{one}"
    assert "Logging in does not work" in told["about"]
    for words in ("What you can do now", f"statuspage deliveries not-there {one}", "mastodon.example answered 503."):
        assert words in people_see


def test_what_may_be_out_is_sent_again_only_by_somebody_who_says_that_it_is_not_there(terminal: Terminal) -> None:
    one = make_unknown(terminal)

    said = terminal.refused(1, "deliveries", "retry", one)
    terminal.refused(1, "deliveries", "not-there", one)  # nobody answers the question
    still = terminal.json("deliveries", "show", one)["state"]
    done = terminal.json("deliveries", "not-there", one, "--yes")

    assert "could post it twice" in said
    assert (still, done["state"]) == ("unknown", "queued")


def test_alarms_are_listed_with_their_page_and_ended_by_a_person(terminal: Terminal) -> None:
    one = make_unknown(terminal)
    database = Database(f"sqlite:///{terminal.data / 'statuspage.db'}")
    with database.writing() as session:
        alarms.add(session, alarms.Alarm("a00000000001", f"unknown:{one}", "Nobody knows.", datetime.now(UTC)))
        alarms.add(session, alarms.Alarm("a00000000002", "language:nl:update", "No Dutch.", datetime.now(UTC)))
    database.close()

    listed = {alarm["id"]: alarm["console"] for alarm in terminal.json("alarms", "list")}
    undecided = terminal.refused(1, "alarms", "dismiss", "a00000000001")
    terminal.json("alarms", "dismiss", "a00000000002")
    terminal.refused(4, "alarms", "dismiss", "nothing")

    assert listed["a00000000001"] == f"http://127.0.0.1:9/console/deliveries/{one}"
    assert listed["a00000000002"] == "http://127.0.0.1:9/console/"
    assert "waits for a decision" in undecided
    left = {alarm["id"] for alarm in terminal.json("alarms", "list")}
    assert ("a00000000001" in left, "a00000000002" in left) == (True, False)
    assert "a00000000002" in {alarm["id"] for alarm in terminal.json("alarms", "list", "--all")}


def test_an_update_of_planned_work_is_corrected(terminal: Terminal) -> None:
    begin = datetime.now(UTC) + timedelta(days=3)
    window = ("--from", begin.isoformat(), "--until", (begin + timedelta(hours=1)).isoformat())
    planned = terminal.json("maintenance", "plan", "transfers", *window)

    said = terminal.json("maintenance", "correct", planned["id"], "1", "--wrong", "en=We said three.", "--right", "en=It is four.")

    assert (said["corrects"], said["sequence"]) == (1, 2)


@pytest.mark.parametrize("what", ["incident", "maintenance"])
def test_posts_that_wait_are_reworded_and_stopped(terminal: Terminal, what: str) -> None:
    begin = datetime.now(UTC) + timedelta(days=3)
    plan = ("plan", "transfers", "--from", begin.isoformat(), "--until", (begin + timedelta(hours=1)).isoformat())
    one = terminal.json(what, *(plan if what == "maintenance" else ("declare", "login")))

    def posts() -> dict[str, str]:
        return {post["channel"]: post["state"] for post in terminal.json(what, "show", one["id"])["deliveries"]}

    words = ("--text", "en=Cash machines work.")
    unknown = terminal.refused(1, what, "reword", one["id"], "1", "--text", "xx=Cash machines work.")
    terminal.json(what, "reword", one["id"], "1", *words)
    told = terminal.json(what, "show", one["id"])["updates"][0]["texts"]
    stopped = terminal.json(what, "stop", one["id"], "1", "--reason", "wrong component")["stopped"]
    again = terminal.refused(1, what, "stop", one["id"], "1")
    late = terminal.refused(1, what, "reword", one["id"], "1", *words)

    assert "xx" in unknown and "Cash machines work." in told["en"]
    assert stopped and {name for name, state in posts().items() if state == "withdrawn"} == set(stopped)
    assert "correction" in again and "correction" in late


def test_a_warning_is_refused_on_a_page_without_a_telephone(terminal: Terminal) -> None:
    said = terminal.refused(1, "warning", "fraud", "bank-help[.]example")

    assert "phone" in said
    assert terminal.json("warning", "list") == []
