"""Every command does what it says, for people and for programs."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from statuspage.cli import main
from statuspage.store import Database, components
from statuspage.store.engine import is_known
from tests.cli.terminal import PASSWORD, Terminal

DOCUMENT = "docs/command-line.md"


def declared(terminal: Terminal, *more: str) -> str:
    return str(terminal.json("incident", "declare", "login", *more)["id"])


def test_an_incident_is_told_from_declared_to_resolved(terminal: Terminal) -> None:
    began = terminal.json("incident", "declare", "login", "transfers=degraded_performance", "--symptom", "login")
    known = terminal.json("incident", "update", began["id"], "--status", "identified", "--cause", "supplier")
    fixed = terminal.json("incident", "update", began["id"], "--status", "monitoring")
    over = terminal.json("incident", "resolve", began["id"])
    shown = terminal.json("incident", "show", began["id"])

    assert began["components"] == {"login": "major_outage", "transfers": "degraded_performance"}
    assert [step["status"] for step in (began, known, fixed, over)] == ["investigating", "identified", "monitoring", "resolved"]
    assert [update["sequence"] for update in shown["updates"]] == [1, 2, 3, 4]
    assert {update["author"] for update in shown["updates"]} == {"Ana"}
    assert {delivery["channel"] for delivery in shown["deliveries"]} == {"mastodon-en", "press"}


def test_payments_that_wait_are_told_while_it_is_watched(terminal: Terminal) -> None:
    one = declared(terminal)
    until = datetime.now(UTC) + timedelta(hours=3)

    early = terminal.type("incident", "update", one, "--late", "waiting_open")
    past = terminal.type("incident", "update", one, "--status", "monitoring", "--late", "waiting", "--late-until", "2026-03-01T14:05Z")
    alone = terminal.type("incident", "update", one, "--status", "monitoring", "--late", "waiting")
    terminal.ok("incident", "update", one, "--status", "monitoring", "--late", "waiting", "--late-until", until.isoformat())
    terminal.ok("incident", "update", one, "--late", "handled")
    updates = terminal.json("incident", "show", one)["updates"]

    assert [answer.exit_code for answer in (early, past, alone)] == [1, 1, 1]
    assert "Some payments are still waiting. Expected to be done:" in str(updates[1])
    assert "All payments have been handled." in str(updates[2])
    assert len(updates) == 3


def test_an_incident_for_people_shows_its_updates_and_posts(terminal: Terminal) -> None:
    one = declared(terminal, "--text", "en=We are working on it.")

    listed, shown = terminal.ok("incident", "list", "--open"), terminal.ok("incident", "show", one)

    assert one in listed
    assert "investigating" in listed
    assert "We are working on it." in shown
    assert "mastodon-en" in shown


def test_empty_lists_say_so(terminal: Terminal) -> None:
    assert terminal.ok("incident", "list") == "Incidents: none.\n"
    assert terminal.json("incident", "list") == []


def test_a_correction_is_an_update_of_its_own(terminal: Terminal) -> None:
    one = declared(terminal)

    said = terminal.json(
        *("incident", "correct", one, "1"),
        *("--wrong", "en=We said that the app fails.", "--wrong", "es=Dijimos que la app falla."),
        *("--right", "en=Only the website fails.", "--right", "es=Solo falla la web."),
    )

    assert said["corrects"]
    assert said["sequence"] == 2
    assert said["languages"] == ["en", "es"]


def test_a_correction_names_what_customers_notice_instead_or_nothing_in_particular(terminal: Terminal) -> None:
    one = declared(terminal)
    texts = ("--wrong", "en=Logging in does not work.", "--right", "en=Only the balance is missing.")

    shown = terminal.ok("incident", "correct", one, "1", *texts, "--symptom", "balance", "--preview")
    terminal.ok("incident", "correct", one, "1", *texts)
    bare = terminal.json("incident", "show", one)["name"]
    terminal.ok("incident", "correct", one, "1", *texts, "--symptom", "balance")
    named = terminal.json("incident", "show", one)["name"]
    terminal.ok("incident", "update", one, "--symptom", "late")

    assert "Nothing was said" in shown
    assert (bare, named) == ("Log in: Not everything works as it should.", "Log in: Balances are missing or out of date.")
    assert "Payments arrive late." in terminal.json("incident", "show", one)["updates"][-1]["texts"]["en"]


@pytest.mark.parametrize(
    "command", [("update", "ID"), ("correct", "ID", "1", "--wrong", "en=A.", "--right", "en=B."), ("declare", "login")]
)
def test_what_customers_notice_is_chosen_from_a_list_that_help_shows(terminal: Terminal, command: tuple[str, ...]) -> None:
    refused = terminal.refused(2, "incident", *command, "--symptom", "dragons")

    shown = " ".join(terminal.ok("incident", command[0], "--help").replace("|", " ").split())

    assert "'dragons' is not a key of what customers notice. Use one of: login, slow, unreachable" in " ".join(refused.split())
    assert "card contactless atm" in shown and "trouble" in shown


@pytest.mark.parametrize(
    ("command", "option"), [("update", "--cause"), ("resolve", "--cause"), ("update", "--late"), ("resolve", "--late")]
)
def test_cause_and_payments_that_wait_are_chosen_from_lists_that_help_shows(terminal: Terminal, command: str, option: str) -> None:
    keys = {"--cause": "change, equipment, network", "--late": "handled, waiting, waiting_open"}[option]
    refused = terminal.refused(2, "incident", command, "ID", option, "dragons")

    shown = " ".join(terminal.ok("incident", command, "--help").split())

    assert f"'dragons' is not a key of {'a cause' if option == '--cause' else 'payments that wait'}. Use one of: " in " ".join(
        refused.split()
    )
    assert keys in " ".join(refused.split()) and f"{option} [{'unknown|' if option == '--cause' else ''}{keys.replace(', ', '|')}" in shown
    assert "flood" not in refused + shown, "it needs a second person, and is refused"


def test_a_drill_and_a_start_in_the_past_are_kept(terminal: Terminal) -> None:
    since = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=7)

    found = terminal.json("incident", "declare", "login", "--drill", "--since", since.isoformat())

    assert found["drill"] is True
    listed = terminal.ok("incident", "list")
    assert "drill" in next(line for line in listed.splitlines() if line.startswith(found["id"]))
    assert terminal.json("incident", "list")[0]["drill"] is True
    assert found["started_at"] == since.isoformat()


def test_what_was_resolved_is_reopened_in_the_same_thread(terminal: Terminal) -> None:
    one = declared(terminal)
    refused = terminal.refused(1, "incident", "reopen", one)
    terminal.ok("incident", "resolve", one)

    shown = terminal.ok("incident", "reopen", one, "--preview")
    again = terminal.json("incident", "reopen", one, "--component", "login=partial_outage", "--text", "en=We are looking again.")
    updates = terminal.json("incident", "show", one)["updates"]

    assert "only one in monitoring or resolved is reopened" in refused
    assert "Nothing was said" in shown
    assert (again["id"], again["status"], again["components"]) == (one, "investigating", {"login": "partial_outage"})
    assert [update["kind"] for update in updates] == ["investigating", "resolved", "reopened"]
    assert "We are looking again." in updates[-1]["texts"]["en"]


def test_what_was_resolved_is_explained(terminal: Terminal) -> None:
    one = declared(terminal)
    words = ("--text", "en=A supplier's line failed. There is a second one now.")
    refused = terminal.refused(1, "incident", "explain", one, *words)
    late = terminal.refused(2, "incident", "explain", one)
    terminal.ok("incident", "resolve", one)

    shown = terminal.ok("incident", "explain", one, *words, "--preview")
    told = terminal.json("incident", "explain", one, *words)
    updates = terminal.json("incident", "show", one)["updates"]
    unknown = terminal.refused(4, "incident", "explain", "nothing", *words)

    assert "Nothing was changed" in refused and "--text" in late and "nothing" in unknown
    assert "A supplier's line failed." in shown
    assert told["status"] == "postmortem"
    assert "There is a second one now." in updates[-1]["texts"]["en"]


def test_a_list_of_open_incidents_has_no_more_rows_than_asked_for(terminal: Terminal) -> None:
    declared(terminal)
    second = terminal.json("incident", "declare", "transfers")["id"]

    found = terminal.json("incident", "list", "--open", "--limit", "1")

    assert [row["id"] for row in found] == [second]


def test_a_reader_that_leaves_is_no_reason_to_say_that_nothing_was_done(terminal: Terminal) -> None:
    reads, writes = os.pipe()
    os.close(reads)

    done = terminal.really("incident", "declare", "login", stdout=writes)
    os.close(writes)

    assert (done.returncode, done.stderr) == (141, "")
    assert [row["status"] for row in terminal.json("incident", "list")] == ["investigating"]


def test_planned_work_from_plan_to_completed(terminal: Terminal) -> None:
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    end = begin + timedelta(hours=2)

    planned = terminal.json("maintenance", "plan", "transfers", "--from", begin.isoformat(), "--until", end.isoformat())
    started = terminal.json("maintenance", "start", planned["id"])
    longer = terminal.json("maintenance", "extend", planned["id"], "--until", (end + timedelta(hours=1)).isoformat())
    done = terminal.json("maintenance", "complete", planned["id"])
    listed = terminal.json("maintenance", "list")
    shown, told = terminal.ok("maintenance", "show", planned["id"]), terminal.json("maintenance", "show", planned["id"])

    assert [update["sequence"] for update in told["updates"]] == [1, 2, 3, 4]
    assert "Transfers" in told["updates"][0]["texts"]["en"]
    assert {(delivery["update"], delivery["channel"]) for delivery in told["deliveries"]} >= {(1, "mastodon-en"), (1, "press")}
    assert "Updates" in shown and "mastodon-en" in shown
    assert [step["status"] for step in (planned, started, longer, done)] == ["scheduled", "in_progress", "in_progress", "completed"]
    assert longer["scheduled_until"] == (end + timedelta(hours=1)).isoformat()
    assert [work["id"] for work in listed] == [planned["id"]]
    assert planned["id"] in shown


def test_planned_work_can_be_cancelled(terminal: Terminal) -> None:
    begin = datetime.now(UTC) + timedelta(days=3)
    planned = terminal.json(
        *("maintenance", "plan", "transfers", "--from", begin.isoformat(), "--until", (begin + timedelta(hours=1)).isoformat())
    )

    cancelled = terminal.json("maintenance", "cancel", planned["id"])

    assert cancelled["status"] == "completed (cancelled)"


def test_deliveries_are_listed_shown_and_withdrawn(terminal: Terminal) -> None:
    declared(terminal)
    rows = terminal.json("deliveries", "list")

    gone = terminal.json("deliveries", "withdraw", rows[0]["id"], "--reason", "wrong channel")
    shown = terminal.json("deliveries", "show", rows[0]["id"])
    people_see = terminal.ok("deliveries", "show", rows[0]["id"])
    left = terminal.json("deliveries", "list", "--state", "queued")

    assert len(rows) == 2
    assert gone == {"id": rows[0]["id"], "state": "withdrawn", "instead": None}
    assert shown["state"] == "withdrawn"
    assert "wrong channel" in shown["attempts_made"][-1]["detail"]
    assert "withdrawn by Ana: wrong channel" in people_see
    assert [row["id"] for row in left] == [rows[1]["id"]]


def test_a_stuck_delivery_is_sent_again_or_seen_by_a_person(terminal: Terminal) -> None:
    declared(terminal)
    first, second = (row["id"] for row in terminal.json("deliveries", "list"))
    make_stuck(terminal, first, second)

    again = terminal.json("deliveries", "retry", first)
    seen = terminal.json("deliveries", "seen", second, "--url", "http://127.0.0.1:9/@canary/1")
    states = {row["id"]: (row["state"], row["url"]) for row in terminal.json("deliveries", "list")}

    assert (again["state"], seen["state"]) == ("queued", "delivered")
    assert states == {first: ("queued", None), second: ("delivered", "http://127.0.0.1:9/@canary/1")}


def make_stuck(terminal: Terminal, *ids: str) -> None:
    from statuspage.core.vocabulary import DeliveryState
    from statuspage.store import Database, deliveries

    database = Database(f"sqlite:///{terminal.data / 'statuspage.db'}")
    with database.writing() as session:
        for one in ids:
            assert deliveries.change(session, deliveries.get(session, one), state=DeliveryState.STUCK)
    database.close()


def test_a_stopped_account_is_used_again(terminal: Terminal) -> None:
    assert terminal.json("account", "resume", "mastodon") == {"account": "mastodon"}


def test_the_switches_go_off_with_a_reason_and_on_again(terminal: Terminal) -> None:
    off = terminal.json("pause", "posting", "--reason", "wrong posts")
    then = {row["name"]: row for row in terminal.json("switches")}
    on = terminal.ok("resume", "posting")
    after = {row["name"]: row["off"] for row in terminal.json("switches")}

    assert off == {"name": "posting", "off": True, "reason": "wrong posts"}
    assert then["posting"]["off"] is True
    assert then["posting"]["by"] == "Ana"
    assert on == "posting is on.\n"
    assert after["posting"] is False


def test_people_are_added_changed_and_disabled(terminal: Terminal) -> None:
    added = terminal.json("person", "add", "Bea", "--role", "approver")
    link = terminal.ok("person", "link", "Bea").strip()
    terminal.ok("person", "password", "Bea", stdin=PASSWORD + "\n")
    terminal.ok("person", "role", "Bea", "viewer")
    terminal.ok("person", "disable", "Bea")
    people = terminal.json("person", "list")
    refused = terminal.refused(4, "person", "link", "Bea")

    assert re.fullmatch(r"http://127\.0\.0\.1:9/console/link/[0-9a-z]{40,}", link)
    assert added["sign_in"] != link
    assert [(person["name"], person["role"], bool(person["disabled_at"])) for person in people] == [("Bea", "viewer", True)]
    assert "Bea" in refused


@pytest.mark.parametrize("name", ["", " ", " administrator", "Ana\n", "Ana\u202e", "Ana\x07", "x" * 5000])
def test_a_name_that_nobody_could_sign_in_with_is_refused(name: str, terminal: Terminal) -> None:
    said = terminal.refused(1, "person", "add", "--", name)

    assert "1 to 100 letters that can be seen" in said
    assert terminal.json("person", "list") == []


@pytest.mark.parametrize(
    "address", ["nonsense", "mysql://x/y", "sqlite:/x", "sqlite://x/y", "postgresql+psycopg://x:canary/y", "postgresql://x/y"]
)
def test_an_address_of_no_database_is_told_without_repeating_it(address: str, terminal: Terminal) -> None:
    said = terminal.refused(6, "incident", "list", "--database", address)

    assert "Allowed are sqlite:////folder/statuspage.db" in said and address not in said


@pytest.mark.parametrize("password", ["p#9x", "p/9x", "p?9x", "p[9x", "p%409x", "plain"])
def test_a_password_of_any_letters_makes_the_address_of_a_database_no_other(password: str) -> None:
    """As the store reads it: what worked before a release works after it."""
    assert is_known(f"postgresql+psycopg://user:{password}@db.example:5432/status")


def test_one_check_now_is_shown_in_full_and_recorded_nowhere(bare: Terminal) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        bare.configure(port=listener.getsockname()[1])
        bare.ok("migrate")

        good = bare.json("probe", "run", "login-port")
    bad = bare.type("--json", "probe", "run", "login-port")

    assert good["outcome"] == "passed"
    assert set(good["phases_ms"]) >= {"connect"}
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["reason"] == "connect_refused"


def test_a_new_bank_goes_from_init_to_check_to_migrate_to_reload(bare: Terminal) -> None:
    written = bare.ok("init", "--output", str(bare.config))
    printed = bare.ok("init")
    checked = bare.ok("check")
    programs = bare.json("check")
    migrated, again = bare.ok("migrate"), bare.ok("migrate")
    loaded = bare.ok("reload")

    assert str(bare.config) in written
    assert printed == bare.config.read_text()
    assert checked.endswith("The configuration is good.\n")
    assert programs["components"]
    assert "before: none" in migrated
    assert "already" in again
    assert "is in force" in loaded


def test_the_database_is_for_its_owner_only_and_the_published_folder_can_be_reached(bare: Terminal) -> None:
    bare.configure()

    bare.ok("migrate")

    assert oct((bare.data / "statuspage.db").stat().st_mode)[-3:] == "600"
    assert oct(bare.data.stat().st_mode)[-3:] == "711"


def test_check_and_reload_name_what_goes_on_about_a_component_that_they_remove(terminal: Terminal) -> None:
    number = declared(terminal)
    kept = [line for line in terminal.config.read_text().splitlines() if "login" not in line]
    terminal.config.write_text("\n".join("probes: []" if line == "probes:" else line for line in kept))

    checked, listed = terminal.ok("check"), terminal.json("check")["left_open"]
    said, told = terminal.ok("reload"), terminal.json("reload")["left_open"]

    sentence = f"Incident {number} is open and names login, which this configuration has not"
    assert sentence in checked and sentence in said
    assert [line.startswith(sentence) for line in listed] == [line.startswith(sentence) for line in told] == [True]


def test_a_reload_is_followed_by_the_next_command_and_a_wrong_file_changes_nothing(terminal: Terminal) -> None:
    terminal.ok("reload")
    good = terminal.config.read_text()
    terminal.config.write_text(good.replace("Log in", "Sign in"))
    before = terminal.json("incident", "declare", "login", "--drill")["name"]
    terminal.ok("reload")
    after = terminal.json("incident", "declare", "login", "--drill")["name"]
    terminal.config.write_text(good.replace("languages: [en, es]", "languages: [en, english]"))

    said = terminal.refused(3, "reload")
    still = terminal.json("incident", "declare", "login", "--drill")["name"]

    assert "Log in" in before
    assert "Sign in" in after
    assert "Sign in" in still
    assert re.search(r"statuspage\.yaml:1: page\.languages\[1\]: found 'english'", said)
    assert "nothing was changed" in said


def test_a_file_that_cannot_be_put_together_with_what_the_database_keeps_is_not_put_in_force(terminal: Terminal) -> None:
    terminal.ok("reload")
    keep_component(terminal, "old", "Visa™")  # of a version that took it

    said = terminal.refused(3, "reload")

    assert "name of component 'old' in 'en': the character U+2122" in said and "nothing was changed" in said


def keep_component(terminal: Terminal, slug: str, name: str) -> None:
    database = Database(f"sqlite:///{terminal.data / 'statuspage.db'}")
    with closing(database), database.writing() as session:
        components.sync(session, [components.Configured(slug, {"en": name})], now=datetime.now(UTC), new_id=lambda: slug)


@pytest.mark.parametrize("typed", [("--json", "incident", "list"), ("incident", "--json", "list"), ("incident", "list", "--json")])
def test_options_of_the_whole_command_may_stand_anywhere(terminal: Terminal, typed: tuple[str, ...]) -> None:
    assert json.loads(terminal.ok(*typed)) == []


def test_the_configuration_and_the_data_folder_may_be_named_behind_the_command_too(terminal: Terminal, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    terminal.config.rename(elsewhere)

    said = terminal.ok("check", "--config", str(elsewhere))
    made = terminal.json("migrate", f"--data={tmp_path / 'another'}")

    assert "The configuration is good." in said
    assert made["before"] is None and (tmp_path / "another" / "statuspage.db").exists()


def test_what_stands_behind_two_dashes_is_taken_as_it_stands(terminal: Terminal) -> None:
    said = terminal.refused(4, "incident", "show", "--", "--json")

    assert "--json" in said


@pytest.mark.parametrize("name", ["minimal.yaml", "demonstration.yaml"])
def test_examples_without_secrets_of_their_own_can_be_checked_as_they_stand(bare: Terminal, name: str) -> None:
    from tests.cli.terminal import TOP

    assert "The configuration is good." in bare.ok("check", str(TOP / "examples" / name))


def test_the_realistic_bank_is_checked_as_its_first_lines_say(bare: Terminal) -> None:
    from tests.cli.terminal import TOP

    (line,) = [line for line in (TOP / "examples/realistic-bank.yaml").read_text().splitlines()[:5] if line.startswith("# Try it")]
    told = line.partition(": ")[2].replace("statuspage check", f"{sys.executable} -m statuspage check")
    done = subprocess.run(["/bin/sh", "-c", told], cwd=TOP, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "The configuration is good." in done.stdout


def walk(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(command, click.Group):
        return [leaf for name, inner in command.commands.items() for leaf in walk(inner, (*path, name))]
    return [path]


@pytest.mark.parametrize("path", walk(main), ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...], bare: Terminal) -> None:
    said = bare.ok(*path, "--help")

    assert said.startswith("Usage: ")
    assert len(said.split("\n\n")[1].strip()) > 15  # says what it does


def test_the_document_names_every_command(bare: Terminal) -> None:
    from tests.cli.terminal import TOP

    document = (TOP / DOCUMENT).read_text()
    words = set(re.findall(r"[a-z][a-z-]*", " ".join(re.findall(r"`([^`]*)`", document))))

    missing = [" ".join(path) for path in walk(main) if not set(path) <= words]

    assert missing == []


def test_the_schema_knows_every_key_and_kind_of_the_examples(bare: Terminal) -> None:
    from tests.cli.schema import problems
    from tests.cli.terminal import TOP

    schema = json.loads(bare.ok("schema"))
    import yaml

    found = {path.name: problems(yaml.safe_load(path.read_text()), schema) for path in (TOP / "examples").glob("*.yaml")}
    slip = problems({"page": {"nmae": "x"}, "components": []}, schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert len(found) >= 3
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert slip != []
