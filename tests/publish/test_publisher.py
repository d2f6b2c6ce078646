"""From the store to the files: what is shown, when, what never is, and what costs nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest

from statuspage.actions import corrections, incidents, maintenance, warnings
from statuspage.actions.checks import record
from statuspage.actions.incidents import Change, Declaration, Resolution
from statuspage.actions.maintenance import Plan
from statuspage.core.vocabulary import ComponentStatus, DeliveryState, SubjectKind
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.settings.rules import is_taken
from statuspage.store import deliveries, publications
from statuspage.store import incidents as incident_store
from statuspage.store.engine import Database
from statuspage.worker.publisher import IDLE_S
from tests.actions.stage import SECRET_NAME, declared, settings
from tests.publish.past import remember, spread
from tests.publish.stage import Press, probed

BEATING = {"index.html", "en/index.html", "es/index.html", "status.txt", "en/status.txt", "es/status.txt", "fresh.json"}
FIRST = ["en/index.html", "index.html", "api/v2/summary.json", "en/feed.atom", "es/feed.rss", "en/feed.json"]
LATER = ["en/components/cards/feed.atom", "es/components/cards/feed.json"]


@pytest.fixture
def press(database: Database, tmp_path: Path) -> Press:
    return Press(database, tmp_path)


@pytest.fixture
def quick(sqlite_database: Database, tmp_path: Path) -> Press:
    return Press(sqlite_database, tmp_path)


@pytest.mark.parametrize("before", [0, 3])
def test_after_a_restore_the_next_edition_counts_as_newer_than_any_that_may_be_out(press: Press, before: int) -> None:
    """Whether the backup is older than the first edition or not."""
    now = press.stage.clock.now()
    for _ in range(before):
        with press.database.writing() as session:
            publications.claim(session, now)

    with press.database.writing() as session:
        publications.skip(session, now, 1_000_000)
    press.publish()

    assert Manifest.from_bytes(press.public.read(MANIFEST)).generation > 1_000_000


def test_the_first_look_publishes_and_the_next_ones_write_nothing(press: Press) -> None:
    assert press.publish() == ["snapshot-written", "renamed"]

    before = press.everything()

    assert press.publish() == []
    assert press.publish() == []
    assert press.everything() == before


def test_an_incident_is_on_page_feeds_and_api_after_one_look(press: Press) -> None:
    press.publish()
    incident = declared(press.stage, "cards")

    press.publish()

    assert "Cards: Card payments are refused." in press.text("en/index.html")
    assert incident.id in press.text("en/feed.atom") and incident.id in press.text("es/feed.rss")
    assert [one["id"] for one in press.json("api/v2/incidents/unresolved.json")["incidents"]] == [incident.id]
    assert "Cards: Partly down" in press.text("status.txt") == press.text("en/status.txt")
    assert "Cards (es): Caído en parte" in press.text("es/status.txt")


def correct(press: Press, kind: SubjectKind, subject: str) -> None:
    said = {"wrong": {"en": "Cards fail."}, "text": {"en": "Cards work."}}
    corrections.correct(press.stage.ctx, kind=kind, subject_id=subject, sequence=1, who="Ana", **said)


@pytest.mark.parametrize("kind", [SubjectKind.INCIDENT, SubjectKind.MAINTENANCE])
def test_a_correction_moves_the_moment_at_which_programs_see_that_something_changed(quick: Press, kind: SubjectKind) -> None:
    now = quick.stage.clock.now()
    if kind is SubjectKind.INCIDENT:
        subject, path = declared(quick.stage, "cards").id, "api/v2/incidents.json"
    else:
        plan = Plan(("cards",), now + timedelta(hours=1), now + timedelta(hours=2), who="Ana")
        subject, path = maintenance.plan(quick.stage.ctx, plan).work.id, "api/v2/scheduled-maintenances.json"
    quick.publish(60.0)
    before = quick.json(path)
    quick.stage.forward(minutes=1)
    correct(quick, kind, subject)

    quick.publish(60.0)

    after = quick.json(path)
    listed = "incidents" if kind is SubjectKind.INCIDENT else "scheduled_maintenances"
    (old,), (new,) = before[listed], after[listed]
    assert new["updated_at"] == new["incident_updates"][0]["updated_at"] > old["updated_at"]
    assert after["page"]["updated_at"] >= new["updated_at"] > before["page"]["updated_at"]


def test_a_correction_of_what_is_long_over_stands_on_its_page_with_the_links_of_all_its_posts(quick: Press) -> None:
    incident = declared(quick.stage, "cards")
    incidents.resolve(quick.stage.ctx, Resolution(incident.id, "Ana"))
    post = quick.stage.posts(incident)[0]
    with quick.database.writing() as session:
        deliveries.change(session, post, state=DeliveryState.DELIVERED.value, attempts=1, remote_id="r", url="https://social.example/1")
    quick.publish()
    quick.publish(10 * 86400.0)
    correct(quick, SubjectKind.INCIDENT, incident.id)

    quick.settle()

    page = quick.text(f"en/incidents/{incident.id}/index.html")
    assert "Correct: Cards work." in page.replace("<ins>", "").replace("</ins>", "") and "https://social.example/1" in page
    newest = [one for one in quick.stage.posts(incident) if one.sequence == quick.stage.said(incident)[-1].sequence]
    assert newest and all(quick.text(f"u/{one.code}/index.html") for one in newest)


def test_what_is_looked_at_first_does_not_wait_for_the_feeds_of_single_components(quick: Press) -> None:
    quick.publish()
    incident = declared(quick.stage, "cards")
    code = quick.stage.posts(incident)[0].code

    quick.look()
    first = [place for place in FIRST if incident.id in quick.text(place)]
    late = [incident.id in quick.text(place) for place in LATER]
    quick.look(0.0)

    assert first == FIRST and quick.text(f"u/{code}/index.html")
    assert late == [False] * len(LATER)
    assert [incident.id in quick.text(place) for place in LATER] == [True] * len(LATER)
    assert quick.look(0.0) == []


def test_what_is_said_meanwhile_goes_first_and_the_others_wait_five_seconds_at_most(quick: Press) -> None:
    quick.publish()
    incident = declared(quick.stage, "cards")
    for _ in range(5):
        quick.look()
        incidents.update(quick.stage.ctx, Change(incident.id, "Ana"))
        assert len(quick.json("api/v2/incidents/unresolved.json")["incidents"]) == 1
    waiting = incident.id in quick.text(LATER[0])

    quick.look()

    assert not waiting
    assert all(incident.id in quick.text(place) for place in LATER)


def test_a_folder_that_was_half_way_is_whole_after_a_start(quick: Press) -> None:
    quick.publish()
    incident = declared(quick.stage, "cards")
    quick.look()

    quick.restart()
    quick.look()

    assert all(incident.id in quick.text(place) for place in (*FIRST, *LATER))


def test_a_publisher_that_gets_its_work_back_puts_no_older_files_out(quick: Press) -> None:
    quick.publish()
    before = quick.publisher
    before.close()
    incident = declared(quick.stage, "cards")
    quick.restart()
    quick.publish()

    quick.publisher = before
    quick.look(61)

    assert all(incident.id in quick.text(place) for place in (*FIRST, *LATER))


def test_the_moment_of_first_publication_is_noted_once(press: Press) -> None:
    incident = declared(press.stage, "cards")
    press.publish()
    first = press.stage.clock.now()
    press.publish(70)

    with press.database.reading() as session:
        found = incident_store.get(session, incident.id)
        published_at = publications.last_published_at(session)

    assert found.moments.first_published_at == first
    assert published_at == press.stage.clock.now()


def test_the_heartbeat_renews_front_pages_and_nothing_else(quick: Press) -> None:
    declared(quick.stage, "cards")
    quick.publish()
    before = quick.everything()

    quick.publish(61)

    after = quick.everything()
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == BEATING | {"manifest.json"}


def test_a_component_that_is_not_configured_for_the_public_and_a_drill_leak_nowhere(quick: Press) -> None:
    """X2: canary words in a private component, a drill, authors, reasons, and operators' alarms."""
    stage = quick.stage
    declared(stage, "treasury", status=ComponentStatus.MAJOR_OUTAGE)
    mixed = declared(stage, "treasury", "cards")
    drill = incidents.declare(stage.ctx, Declaration({"login": ComponentStatus.MAJOR_OUTAGE}, "Canary Author", drill=True))
    other = declared(stage, "atm")
    incidents.resolve(stage.ctx, Resolution(other.id, "Canary Author", reason="canary reason"))
    stage.deliver_all()

    quick.settle()
    quick.publish(61)

    files = quick.everything()
    words = ("treasury", SECRET_NAME, "Canary Author", "canary reason", drill.id, "sandbox", "operators", str(quick.root))
    hits = [(path, word) for path, body in files.items() for word in words if word.lower() in (path + body.decode()).lower()]
    assert len(files) > 50
    assert mixed.id in files["en/index.html"].decode()
    assert hits == []


def test_the_posts_of_a_drill_and_of_operators_have_no_genuine_code(quick: Press) -> None:
    stage = quick.stage
    drill = incidents.declare(stage.ctx, Declaration({"login": ComponentStatus.MAJOR_OUTAGE}, "Ana", drill=True))
    real = declared(stage, "cards")

    quick.publish()

    shown = {path.split("/")[1] for path in quick.everything() if path.startswith("u/")} - {"index.html", "unknown"}
    assert shown == {row.code for row in stage.posts(real)}
    assert not shown & {row.code for row in stage.posts(drill)}


def test_every_message_on_its_way_can_be_checked_by_its_code(press: Press) -> None:
    incident = declared(press.stage, "cards")

    press.publish()

    for row in press.stage.posts(incident):
        page = press.text(f"u/{row.code}/index.html")
        sent = row.story if row.mode == "edit" else row.text
        assert sent.split("\n")[0][:60].replace("'", "&#39;") in page
        assert incident.id in page


def test_a_message_that_was_withdrawn_before_it_was_sent_is_not_called_genuine(quick: Press) -> None:
    incident = declared(quick.stage, "cards")
    quick.publish()
    row = quick.stage.posts(incident)[0]
    with quick.database.writing() as session:
        deliveries.change(session, row, state=DeliveryState.WITHDRAWN.value)
        deliveries.note(session, row, quick.stage.clock.now(), "decide", "withdrawn")

    quick.publish()

    assert quick.text(f"u/{row.code}/index.html") == ""


def test_a_fraud_warning_stands_on_the_page_for_a_week_and_a_rehearsed_one_never(quick: Press) -> None:
    stage = quick.stage
    real = warnings.fraud_warning(stage.ctx, fake="bank-help[.]example", who="Ana")
    warnings.fraud_warning(stage.ctx, fake="drill-help[.]example", who="Ana", drill=True)

    quick.publish()

    assert "bank-help[.]example" in quick.text("en/index.html") and "bank-help[.]example" in quick.text("status.txt")
    assert all("bank-help[.]example" in quick.text(f"es/feed.{kind}") for kind in ("atom", "rss", "json"))
    assert not [path for path, body in quick.everything().items() if b"drill-help" in body]
    code = stage.posts(real.subject_id, SubjectKind.WARNING)[0].code
    assert "bank-help[.]example" in quick.text(f"u/{code}/index.html")

    quick.publish(8 * 86400)

    assert "bank-help" not in quick.text("en/index.html")
    assert "bank-help[.]example" in quick.text(f"u/{code}/index.html")


def test_permalinks_appear_on_the_page_and_do_not_touch_feeds(quick: Press) -> None:
    incident = declared(quick.stage, "cards")
    quick.publish()
    feeds = {path: body for path, body in quick.everything().items() if "/feed." in path}
    row = quick.stage.posts(incident)[0]
    with quick.database.writing() as session:
        deliveries.change(session, row, state=DeliveryState.DELIVERED.value, url="https://social.example.com/@bank/77")
        deliveries.note(session, row, quick.stage.clock.now(), "send", "ok")

    quick.publish()

    assert "https://social.example.com/@bank/77" in quick.text("en/index.html")
    assert {path: body for path, body in quick.everything().items() if "/feed." in path} == feeds


def test_trouble_that_becomes_public_has_a_name_then_and_nothing_of_what_was_said_before(quick: Press) -> None:
    stage = quick.stage
    incident = declared(stage, "treasury", status=ComponentStatus.MAJOR_OUTAGE)
    stage.clock.at += timedelta(minutes=5)
    incidents.update(stage.ctx, Change(incident.id, "Ana", components={"cards": ComponentStatus.PARTIAL_OUTAGE}))

    quick.publish()

    (told,) = quick.json("api/v2/incidents.json")["incidents"]
    assert told["name"] == "Cards: Card payments are refused."
    assert [one["body"].split(".")[0] for one in told["incident_updates"]] == ["Still the case: Card payments are refused"]


def test_the_public_api_names_the_post_on_x_of_each_update(sqlite_database: Database, tmp_path: Path) -> None:
    press = Press(sqlite_database, tmp_path)
    incident = declared(press.stage, "cards")
    for number, row in enumerate(press.stage.posts(incident)):
        with press.database.writing() as session:
            deliveries.change(session, row, state=DeliveryState.DELIVERED.value, remote_id=f"19{number}", url="https://x.example/1")
            deliveries.note(session, row, press.stage.clock.now(), "send", "ok")
    posts = [f"19{number}" for number, row in enumerate(press.stage.posts(incident)) if row.network == "x"]
    incidents.update(press.stage.ctx, Change(incident.id, "Ana"))

    press.publish()

    updates = press.json("api/v2/incidents.json")["incidents"][0]["incident_updates"]
    assert [one["tweet_id"] for one in updates] == [None, *posts]


def test_a_component_under_work_that_nobody_sees_leaves_the_monitoring_impaired(sqlite_database: Database, tmp_path: Path) -> None:
    press = Press(sqlite_database, tmp_path, of=probed("login", "cards"))
    look_around(press, ("login", "cards"))
    now = press.stage.clock.now()
    work = maintenance.plan(press.stage.ctx, Plan(("login",), now + timedelta(hours=1), now + timedelta(hours=3), "Ana")).work
    press.stage.clock.at += timedelta(hours=1)
    maintenance.start_due(press.stage.ctx, work_id=work.id)
    look_around(press, ("cards",))

    assert press.json("api/v2/summary.json")["monitoring"]["impaired"] is True
    assert "We cannot see everything right now" in press.text("en/index.html")


def test_a_month_tells_incidents_and_works_together_newest_first(quick: Press) -> None:
    stage = quick.stage
    first = declared(stage, "cards")
    start = stage.clock.now() + timedelta(hours=1)
    work = maintenance.plan(stage.ctx, Plan(("atm",), start, start + timedelta(hours=1), "Ana")).work
    stage.clock.at += timedelta(hours=2)
    last = declared(stage, "login")

    quick.settle()

    page = quick.text(f"en/history/{stage.clock.now():%Y-%m}/index.html")
    assert page.index(last.id) < page.index(work.id) < page.index(first.id)


def test_planned_work_is_listed_runs_and_ends(quick: Press) -> None:
    stage = quick.stage
    start = stage.clock.now() + timedelta(hours=2)
    work = maintenance.plan(stage.ctx, Plan(("transfers",), start, start + timedelta(hours=1), "Ana")).work
    quick.publish()
    planned = quick.json("api/v2/scheduled-maintenances/upcoming.json")["scheduled_maintenances"]

    stage.clock.at = start
    maintenance.start(stage.ctx, work_id=work.id, who="Ana")
    quick.publish()

    assert [one["id"] for one in planned] == [work.id]
    assert "Planned work is under way" in quick.text("en/index.html")
    assert [one["id"] for one in quick.json("api/v2/scheduled-maintenances/active.json")["scheduled_maintenances"]] == [work.id]
    assert quick.json("api/v2/status.json")["status"]["indicator"] == "maintenance"


def test_the_archive_has_every_month_and_is_written_once(quick: Press) -> None:
    stage = quick.stage
    old = declared(stage, "cards")
    incidents.resolve(stage.ctx, Resolution(old.id, "Ana"))
    stage.clock.at += timedelta(days=40)
    quick.settle()
    before = quick.everything()

    quick.restart()
    quick.settle()

    page = f"en/incidents/{old.id}/index.html"
    assert {"en/history/2026-11/index.html", "en/history/2027-01/index.html", page} <= before.keys()
    assert PurePosixPath(page) not in Manifest.from_bytes(quick.public.read(MANIFEST)).files
    changed = {path for path, body in quick.everything().items() if body != before.get(path)}
    assert changed <= BEATING | {"manifest.json"}


def test_a_long_month_of_the_archive_holds_up_nobody(quick: Press) -> None:
    """A14: of thirty incidents of a month few pages are made at a time, and its list, which leads to them, comes last."""
    stage, list_of_month = quick.stage, "en/history/2026-01/index.html"
    remember(quick, spread(30, timedelta(days=10), end=timedelta(days=300)))
    quick.publish()

    def pages() -> int:
        return sum(1 for path in quick.everything() if re.fullmatch(r"en/incidents/past\d+/index\.html", path))

    written = [0]

    def a_look() -> None:
        quick.publish(IDLE_S + 1)
        written.append(pages())

    while not pages():
        a_look()
    told = declared(stage, "cards")
    quick.look()
    shown = told.id in quick.text("en/index.html")
    while list_of_month not in quick.everything():
        a_look()

    assert shown and written[-1] == 30
    assert all(after - before <= 4 for before, after in pairwise(written))


def test_two_publishers_never_put_an_older_state_over_a_newer(quick: Press) -> None:
    slow = quick.publisher
    running = slow.work()
    incident = declared(quick.stage, "cards")
    quick.restart()
    quick.publish()

    list(running)

    assert incident.id in quick.text("en/index.html")
    assert quick.json("fresh.json")["generation"] == Manifest.from_bytes(quick.public.read(MANIFEST)).generation


def test_a_crash_between_the_files_and_the_manifest_is_put_right_by_the_next_process(quick: Press) -> None:
    quick.publish()
    incident = declared(quick.stage, "cards")
    quick.stage.clock.at += timedelta(seconds=1)
    running = quick.publisher.work()
    assert next(running) == "snapshot-written"
    running.close()

    quick.restart()
    quick.publish()

    assert incident.id in quick.text("en/index.html")
    assert Manifest.from_bytes(quick.public.read(MANIFEST)).generation == quick.json("fresh.json")["generation"]


def test_what_another_process_left_half_done_is_put_right_by_a_publisher_that_gets_its_work_back(
    sqlite_database: Database, tmp_path: Path
) -> None:
    press = Press(sqlite_database, tmp_path, further=1)
    for _ in range(2):
        press.publish(61)
        press.publisher.mirrors[0].step()
    feed = PurePosixPath("en/feed.atom")
    folders = (press.public, press.copies[0])
    before = [folder.read(feed) for folder in folders]

    press.publisher.close()
    for folder in folders:
        folder.write(feed, b"the other one was killed before it came to the manifest")
    press.publish(61)
    press.publisher.mirrors[0].step()

    assert [folder.read(feed) for folder in folders] == before


def test_a_further_folder_gets_the_same_files_and_one_that_fails_holds_up_nobody(sqlite_database: Database, tmp_path: Path) -> None:
    press = Press(sqlite_database, tmp_path, further=2)
    broken, fine = press.publisher.mirrors
    (tmp_path / "copy0").write_text("a file where a folder should be")
    incident = declared(press.stage, "cards")
    press.publish()

    with pytest.raises(OSError):
        broken.step()
    fine.step()

    assert incident.id.encode() in (press.copies[1].read(PurePosixPath("en/index.html")) or b"")
    (tmp_path / "copy0").unlink()
    broken.step()
    assert press.copies[0].read(PurePosixPath("en/index.html")) == press.public.read(PurePosixPath("en/index.html"))


def test_a_new_further_folder_gets_the_archive_too(sqlite_database: Database, tmp_path: Path) -> None:
    press = Press(sqlite_database, tmp_path)
    old = declared(press.stage, "cards")
    incidents.resolve(press.stage.ctx, Resolution(old.id, "Ana"))
    press.stage.clock.at += timedelta(days=40)
    press.settle()
    later = Press(sqlite_database, tmp_path, further=1)
    later.stage.clock.at = press.stage.clock.at
    later.publish()

    for _ in range(10):
        later.publisher.mirrors[0].step()

    path = PurePosixPath(f"en/incidents/{old.id}/index.html")
    assert later.copies[0].read(path) == later.public.read(path) != None  # noqa: E711 - both exist and are equal


# --- no fresh data: unknown (A4) -------------------------------------------------------------------------------------------


def look_around(press: Press, slugs: tuple[str, ...], times: int = 4) -> None:
    """The probes look, and the verdict is drawn, each 20 s."""
    for _ in range(times):
        record(press.stage.ctx, [press.check(slug) for slug in slugs])
        press.verdicts.step()
        press.stage.clock.at += timedelta(seconds=20)
    press.publish()


STAGES = (
    "never looked",
    "no results",
    "one of two probes",
    "verdicts stopped",
    "probing paused",
    "store restarted",
    "all good",
    "seen again",
)


@pytest.mark.parametrize("stage", STAGES)
def test_without_fresh_data_a_component_is_grey_and_not_green(sqlite_database: Database, tmp_path: Path, stage: str) -> None:
    """A4: the chain from probe to page is stopped at each stage; only where it runs the page is green."""
    press = Press(sqlite_database, tmp_path, of=probed("login", "cards"))
    both = ("login", "cards")
    if stage != "never looked":
        look_around(press, both)
        assert "Everything is working" in press.text("en/index.html")
    if stage == "one of two probes":
        look_around(press, ("cards",))
    elif stage == "verdicts stopped":
        for _ in range(5):
            record(press.stage.ctx, [press.check(slug) for slug in both])
            press.stage.clock.at += timedelta(seconds=20)
    elif stage in ("no results", "probing paused", "seen again"):
        for _ in range(5):
            press.verdicts.step()
            press.stage.clock.at += timedelta(seconds=20)
    elif stage == "store restarted":
        press.stage.clock.at += timedelta(minutes=10)
        press.restart()
    if stage in ("all good", "seen again"):
        look_around(press, both)

    press.publish()

    green = stage in ("all good", "seen again")
    summary = press.json("api/v2/summary.json")
    assert ("Everything is working" in press.text("en/index.html")) == green
    assert ("No data" in press.text("en/index.html")) == (not green)
    assert ("monitoring" in summary) == (not green)
    assert all(row["status"] == "operational" for row in summary["components"])


def test_a_component_without_probes_is_not_unknown(quick: Press) -> None:
    quick.publish()

    assert "Everything is working" in quick.text("en/index.html")
    assert "monitoring" not in quick.json("api/v2/summary.json")


def test_a_component_that_is_removed_leaves_the_page_and_its_badge_goes(quick: Press) -> None:
    quick.publish()
    assert "en/badges/bizum.svg" in quick.everything()
    fewer = [one for one in settings().model_dump()["components"] if one["slug"] != "bizum"]

    again = Press(quick.database, quick.root, of=probed(components=fewer))
    again.stage.clock.at = quick.stage.clock.at
    again.publish()

    assert "en/badges/bizum.svg" not in again.everything()
    assert "Bizum" not in again.text("en/index.html")


def test_no_page_of_the_bank_can_be_given_the_place_of_something_else(quick: Press) -> None:
    """`contact_path` and `claim_path` are refused for every name that a publication uses: it would be overwritten, or removed as old."""
    stage, quick.previews = quick.stage, True
    quick.restart()
    now = stage.clock.now()
    maintenance.plan(stage.ctx, Plan(("login",), now + timedelta(hours=1), now + timedelta(hours=3), "Ana"))
    told = declared(stage, "cards")
    incidents.resolve(stage.ctx, Resolution(declared(stage, "atm").id, "Ana"))
    for row in stage.posts(told):
        with quick.database.writing() as session:
            deliveries.change(session, row, state=DeliveryState.DELIVERED.value, remote_id="1", url="https://x.example/1")
    quick.settle()

    page = stage.ctx.settings.page
    names = {path.split("/")[0] for path in quick.everything()}
    names |= {path.split("/")[1] for path in quick.everything() if path.count("/") > 1 and len(path.split("/")[0]) == 2}
    own = {page.contact_path.strip("/"), page.claim_path.strip("/")}

    assert len(names) > 15 and "preview" in names
    assert {name for name in names if not is_taken(name)} == own
    assert is_taken("notices") and is_taken("cards")  # signed notices and text cards need what this stage has not
