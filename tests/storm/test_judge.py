"""The judge of the storm sees what it is there to see: each test takes one thing away from an outage that was told in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from statuspage.actions import incidents
from statuspage.actions.incidents import Change, Resolution
from statuspage.core.deliveries import Delivery
from statuspage.core.incidents import Incident, IncidentUpdate
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, IncidentStatus, NoticeKind, SubjectKind
from statuspage.store import deliveries
from statuspage.store.engine import Database
from tests.actions.stage import PUBLIC, T0, Stage, declared, settings
from tests.storm.judge import told_by_both
from tests.storm.owed import Said, not_told, owed, statements_wrong, told_everywhere

ACCOUNTS: list[dict[str, Any]] = [{"name": kind, "kind": kind, "config": {}} for kind in ("mastodon", "x", "facebook", "webhook")]
CONFIGURED = [
    {"name": "mastodon-en", "account": "mastodon"},
    {"name": "mastodon-es", "account": "mastodon", "language": "es"},
    {"name": "x-en", "account": "x"},
    {"name": "facebook-en", "account": "facebook"},
    {"name": "sandbox-en", "account": "mastodon", "sandbox": True},
    {"name": "operators", "account": "webhook", "operators": True},
]


class Storm:
    """An outage that Ana declares, explains and ends, told in full: what she said, and what the networks show of it."""

    def __init__(self, database: Database) -> None:
        self.stage = Stage(database, settings(accounts=ACCOUNTS, channels=CONFIGURED))
        self.said: list[Said] = []
        self.shown: dict[str, list[dict[str, Any]]] = {name: [] for name in PUBLIC}

    def say(self, told: Incident) -> Incident:
        self.said.append(Said(told.id, told.status))
        self.stage.forward(seconds=10)
        return told

    def post(self) -> None:
        """Everything that waits goes out, a minute after it was said."""
        self.stage.forward(seconds=60)
        at = self.stage.clock.now().isoformat()
        for row in self.waiting():
            self.shown[row.channel].append({"at": at, "revisions": [], "text": row.text_alone})
        self.stage.deliver_all()

    def waiting(self) -> list[Delivery]:
        with self.stage.database.reading() as session:
            return sorted(deliveries.listing(session, [DeliveryState.QUEUED]), key=lambda row: row.sequence)

    def rows(self) -> list[Delivery]:
        with self.stage.database.reading() as session:
            return [row for row in deliveries.listing(session) if row.subject_kind is SubjectKind.INCIDENT]

    def wrong(self, rows: Sequence[Delivery] | None = None) -> list[str]:
        ctx = self.stage.ctx
        expected = owed(ctx, self.stage.database)
        found = not_told(ctx, expected, self.shown, self.rows() if rows is None else rows, [])
        return [*statements_wrong(self.stage.database, self.said, "Ana"), *found]


@pytest.fixture
def storm(sqlite_database: Database) -> Storm:
    told = Storm(sqlite_database)
    outage = told.say(declared(told.stage))
    told.post()
    told.say(incidents.update(told.stage.ctx, Change(outage.id, "Ana", status=IncidentStatus.IDENTIFIED, cause="supplier")))
    told.post()
    told.say(incidents.resolve(told.stage.ctx, Resolution(outage.id, "Ana")))
    told.post()
    return told


def test_an_outage_that_was_told_in_full_is_faultless(storm: Storm) -> None:
    assert storm.wrong() == []
    assert told_everywhere(owed(storm.stage.ctx, storm.stage.database), storm.shown, storm.rows()) == [storm.said[0].incident_id]


@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_a_statement_that_never_got_a_row_on_one_channel_is_lost(storm: Storm, sequence: int) -> None:
    left = [row for row in storm.rows() if (row.sequence, row.channel) != (sequence, "x-en")]
    gone = next(row for row in storm.rows() if (row.sequence, row.channel) == (sequence, "x-en"))
    storm.shown["x-en"] = [post for post in storm.shown["x-en"] if gone.code not in post["text"]]

    assert [line for line in storm.wrong(left) if "has no row on x-en" in line and f"statement {sequence} " in line]


def test_a_channel_that_does_not_show_the_end_is_found(storm: Storm) -> None:
    storm.shown["mastodon-es"].pop()

    assert [line.split(";")[0] for line in storm.wrong()] == [
        f"lost: mastodon-es does not end with statement 3 (resolved) of {storm.said[0].incident_id}"
    ]


def test_a_channel_on_which_nothing_appeared_is_found(storm: Storm) -> None:
    storm.shown["facebook-en"].clear()

    assert [line for line in storm.wrong() if line.startswith("lost: facebook-en does not end")]


def test_a_row_on_a_channel_that_owes_nothing_is_found(storm: Storm) -> None:
    with storm.stage.database.writing() as session:
        session.execute(text("UPDATE delivery SET channel = 'sandbox-en' WHERE channel = 'x-en' AND sequence = 2"))

    assert any("unexpected: statement 2 (identified)" in line and line.endswith("on sandbox-en") for line in storm.wrong())


def test_what_the_storm_said_and_no_incident_holds_is_found(storm: Storm) -> None:
    with storm.stage.database.writing() as session:
        session.execute(text("DELETE FROM incident_update WHERE sequence = 2"))

    assert [line for line in storm.wrong() if line.startswith("Ana said ['investigating', 'identified', 'resolved']")]


def test_a_statement_in_a_name_that_did_not_make_it_is_found(storm: Storm) -> None:
    storm.said.pop()

    assert [line for line in storm.wrong() if line.startswith("Ana said ['investigating', 'identified'] of")]


def test_trouble_that_no_network_showed_needs_no_end(sqlite_database: Database) -> None:
    quiet = Storm(sqlite_database)
    outage = quiet.say(declared(quiet.stage))
    quiet.say(incidents.resolve(quiet.stage.ctx, Resolution(outage.id, "Ana")))

    assert [row.state for row in quiet.rows()] == [DeliveryState.WITHDRAWN] * len(PUBLIC)
    assert quiet.wrong() == []


def test_trouble_that_one_network_showed_needs_its_end_on_all(sqlite_database: Database) -> None:
    quiet = Storm(sqlite_database)
    outage = quiet.say(declared(quiet.stage))
    seen = next(row for row in quiet.rows() if row.channel == "x-en")
    before = (quiet.stage.clock.now() - timedelta(seconds=1)).isoformat()
    quiet.shown["x-en"].append({"at": before, "revisions": [], "text": seen.text_alone})
    quiet.say(incidents.resolve(quiet.stage.ctx, Resolution(outage.id, "Ana")))  # the ledger knows nothing of that post

    assert sorted(line.split()[-1] for line in quiet.wrong() if "has no row" in line) == sorted(PUBLIC)


def story(*told: tuple[int, NoticeKind, str]) -> list[IncidentUpdate]:
    """Statements of the machine at a minute, each naming components anew."""
    return [
        IncidentUpdate(
            "u", SubjectKind.INCIDENT, "i", number, kind, "", {}, T0 + timedelta(minutes=minute), T0,
            affected=tuple((slug, ComponentStatus.OPERATIONAL, ComponentStatus.MAJOR_OUTAGE) for slug in names.split()),
        )
        for number, (minute, kind, names) in enumerate(told, 1)
    ]  # fmt: skip


BEGUN, BACK, OVER = NoticeKind.INVESTIGATING, NoticeKind.REOPENED, NoticeKind.RESOLVED_AUTO
WEB = story((10, BEGUN, "web"), (20, OVER, ""))


@pytest.mark.parametrize(
    ("other", "both"),
    [
        (story((0, BEGUN, "login"), (15, OVER, ""), (21, BACK, "login web"), (30, OVER, "")), set()),  # one after the other
        (story((0, BEGUN, "login"), (15, BEGUN, "web"), (30, OVER, "")), {"web"}),
        (story((0, BEGUN, "login web"), (5, OVER, ""), (15, BACK, "login"), (30, OVER, "")), {"web"}),
        (story((0, BEGUN, "login web"), (5, OVER, "")), set()),
        (story((0, BEGUN, "login web")), {"web"}),
        (story((0, BEGUN, "login")), set()),
    ],
)
def test_two_incidents_at_one_time_about_one_component_are_seen_and_no_others(other: list[IncidentUpdate], both: set[str]) -> None:
    assert told_by_both(WEB, other) == told_by_both(other, WEB) == both
