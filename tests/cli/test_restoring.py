"""B6 and D24: one command puts a backup in place; what it cannot know is looked for first."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from statuspage.settings.keys import BACKUP, NOTICES, SEAL
from statuspage.settings.process import ProcessSettings
from statuspage.store.copies import examine
from statuspage.worker import restoring
from statuspage.worker.in_use import using
from tests.cli.terminal import Terminal


def process_of(terminal: Terminal) -> ProcessSettings:
    return ProcessSettings(terminal.config, terminal.data, f"sqlite:///{terminal.data / 'statuspage.db'}")


def backed_up(terminal: Terminal) -> Path:
    """A backup of one open incident, whose posts are still queued."""
    terminal.json("incident", "declare", "login")
    return Path(terminal.json("backup", str(terminal.folder / "backups"))["path"])


def elsewhere(terminal: Terminal, folder: Path) -> Terminal:
    """Another machine with the configuration, and nothing else."""
    other = Terminal(folder)
    folder.mkdir()
    other.configure()
    return other


def test_b6_one_command_restores_into_an_empty_folder_and_everything_unfinished_is_unknown(terminal: Terminal, tmp_path: Path) -> None:
    path = backed_up(terminal)
    queued = terminal.json("deliveries", "list")
    other = elsewhere(terminal, tmp_path / "other")

    done = other.json("restore", str(path), "--key", str(process_of(terminal).keys(BACKUP).path))

    rows = other.json("deliveries", "list")
    assert {row["id"] for row in queued} <= {row["id"] for row in rows}
    assert {row["state"] for row in rows if row["id"] in {one["id"] for one in queued}} == {"unknown"}
    assert done["unknown"] == len(queued) and done["aside"] is None
    assert other.json("incident", "list") == terminal.json("incident", "list")
    assert {row["name"]: row["off"] for row in other.json("switches")}["posting"] is True
    assert examine(other.data / "statuspage.db").problems == ()
    modes = [(other.data / name).stat().st_mode & 0o777 for name in ("statuspage.db", "secrets", "secrets/seal.key")]
    assert modes == [0o600, 0o700, 0o600]


def test_b6_no_accepted_incident_is_lost_when_a_backup_follows_it(terminal: Terminal, tmp_path: Path) -> None:
    for _ in range(5):
        terminal.json("incident", "declare", "transfers", "--drill")
    path = backed_up(terminal)
    other = elsewhere(terminal, tmp_path / "other")

    other.json("restore", str(path), "--key", str(process_of(terminal).keys(BACKUP).path))

    assert len(other.json("incident", "list")) == len(terminal.json("incident", "list")) == 6


@pytest.mark.release
def test_b6_half_a_gigabyte_is_restored_within_a_minute(terminal: Terminal, tmp_path: Path) -> None:
    with closing(sqlite3.connect(terminal.data / "statuspage.db")) as database:
        chance = Random(1)
        rows = (
            ("p", "here", number, "2026-01-01 00:00:00", "2026-01-01 00:00:00", "failed", "http_status", "{}", chance.randbytes(900).hex())
            for number in range(244_000)
        )
        columns = "probe, location, sequence, at, received_at, outcome, reason, phases_ms, evidence, partial"
        database.executemany(f"INSERT INTO check_result ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, false)", rows)
        database.commit()
    path = backed_up(terminal)
    other = elsewhere(terminal, tmp_path / "other")

    begin = time.monotonic()
    other.json("restore", str(path), "--key", str(process_of(terminal).keys(BACKUP).path))
    took = time.monotonic() - begin

    assert (other.data / "statuspage.db").stat().st_size >= 500_000_000
    assert other.json("incident", "list") == terminal.json("incident", "list")
    assert took <= 60.0  # the promise itself is a time


def test_a_backup_is_opened_and_looked_through_without_changing_anything(terminal: Terminal) -> None:
    path = backed_up(terminal)
    before = (terminal.data / "statuspage.db").read_bytes()

    found = terminal.json("restore", "--check", str(path))

    assert found["incidents"] == 1 and found["deliveries"] >= 2
    assert (terminal.data / "statuspage.db").read_bytes() == before


def test_a_database_that_is_there_stays_beside_the_restored_one(terminal: Terminal) -> None:
    path = backed_up(terminal)
    terminal.json("incident", "declare", "transfers")
    before = terminal.json("incident", "list")

    refused = terminal.refused(1, "restore", str(path))
    done = terminal.json("restore", "--over", str(path))

    assert "--over" in refused
    assert len(terminal.json("incident", "list")) == len(before) - 1
    with closing(sqlite3.connect(done["aside"])) as old:
        assert old.execute("SELECT count(*) FROM incident").fetchone()[0] == len(before)


def test_while_anything_of_the_product_runs_nothing_is_restored(terminal: Terminal) -> None:
    path = backed_up(terminal)
    before = (terminal.data / "statuspage.db").read_bytes()

    with using(terminal.data) as free:
        assert free
        said = terminal.refused(5, "restore", "--over", str(path))
        also = terminal.refused(5, "after-restore", "--backup-at", "2026-01-01T12:00")

    assert "running" in said and "running" in also
    assert (terminal.data / "statuspage.db").read_bytes() == before


def test_what_stops_a_restore_leaves_everything_as_it_was(terminal: Terminal, tmp_path: Path) -> None:
    path = backed_up(terminal)
    key = process_of(terminal).keys(BACKUP).path
    other = elsewhere(terminal, tmp_path / "other")
    wrong = tmp_path / "wrong.key"
    wrong.write_text("0" * 64)
    cut = tmp_path / path.name
    cut.write_bytes(path.read_bytes()[:-5])

    said = [
        other.refused(1, "restore", str(path)),
        other.refused(1, "restore", str(path), "--key", str(wrong)),
        other.refused(1, "restore", str(cut), "--key", str(key)),
        other.refused(6, "restore", str(tmp_path / "gone"), "--key", str(key)),
    ]
    no_variables = other.type("restore", str(path), "--key", str(key), env={"CANARY_TOKEN": None})

    assert ["--key" in said[0], "another one" in said[1], "changed" in said[2], "No such file" in said[3]] == [True] * 4
    assert no_variables.exit_code == 3 and "CANARY_TOKEN" in no_variables.stderr
    assert not (other.data / "statuspage.db").exists()
    assert [name.name for name in other.data.rglob("*") if not name.name.startswith(".")] == []


@pytest.mark.parametrize("point", ["keys", "link", "replace"])
def test_a_restore_that_dies_at_any_step_leaves_the_old_state_or_the_new_one(
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
) -> None:
    path = backed_up(terminal)
    terminal.json("keys", "rotate")
    before = terminal.json("deliveries", "list")

    def dies(*_: object) -> None:
        raise OSError(5, "dead")

    with monkeypatch.context() as patch:
        if point == "keys":
            patch.setattr("statuspage.settings.keys.KeyRing.take", dies)
        elif point == "link":
            patch.setattr(os, "link", dies)
        else:
            patch.setattr(restoring, "roll_back", dies)
        assert terminal.type("restore", "--over", str(path)).exit_code == 6

    assert terminal.json("deliveries", "list") == before
    for row in before:  # what is there is still genuine: a person can withdraw it, the product can send it
        terminal.json("deliveries", "withdraw", row["id"])
    terminal.json("restore", "--over", str(path))
    assert {row["state"] for row in terminal.json("deliveries", "list") if row["kind"] != "alarm"} == {"unknown"}


def test_links_and_sessions_of_the_past_do_not_come_back(terminal: Terminal) -> None:
    terminal.json("person", "add", "Bea")
    path = backed_up(terminal)

    terminal.json("restore", "--over", str(path))

    with closing(sqlite3.connect(terminal.data / "statuspage.db")) as database:
        assert database.execute("SELECT count(*) FROM sign_in_link").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM person WHERE name = 'Bea'").fetchone() == (1,)


def test_after_a_restore_the_page_is_published_again_over_newer_editions(terminal: Terminal) -> None:
    with closing(sqlite3.connect(terminal.data / "statuspage.db")) as database:
        database.execute("INSERT INTO publication VALUES ('claimed', 7, '', '2026-01-01 00:00:00')")
        database.commit()
    path = backed_up(terminal)

    terminal.json("restore", "--over", str(path))

    with closing(sqlite3.connect(terminal.data / "statuspage.db")) as database:
        assert database.execute("SELECT generation FROM publication WHERE name = 'claimed'").fetchone()[0] > 900_000


def test_a_database_restored_by_other_means_is_settled_by_a_command_of_its_own(terminal: Terminal) -> None:
    terminal.json("incident", "declare", "login")

    future = terminal.refused(1, "after-restore", "--backup-at", (datetime.now(UTC) + timedelta(hours=2)).isoformat())
    done = terminal.json("after-restore", "--backup-at", "2026-01-01T12:00Z", "--keep-posting")

    assert "Nothing was changed" in future
    assert done["unknown"] >= 2 and done["posting"] == "on"
    assert {row["state"] for row in terminal.json("deliveries", "list") if row["kind"] != "alarm"} == {"unknown"}
    assert {row["name"]: row["off"] for row in terminal.json("switches")}["posting"] is False


def test_a_backup_from_before_a_rotation_is_restored_under_the_new_key(terminal: Terminal) -> None:
    path = backed_up(terminal)
    ring = process_of(terminal).keys(SEAL)
    terminal.json("keys", "rotate")
    newest = ring.newest()

    terminal.json("restore", "--over", str(path))

    assert ring.newest() == newest and len(ring.accepted()) == 2
    for row in terminal.json("deliveries", "list", "--state", "unknown"):
        terminal.json("deliveries", "not-there", row["id"], "--yes")  # refused if its seal counted no more
    assert json.loads(terminal.ok("--json", "keys", "list"))[0]["keys"] == 2


def test_what_was_signed_before_a_restore_can_still_be_checked_after_it(terminal: Terminal, tmp_path: Path) -> None:
    ring = process_of(terminal).keys(NOTICES)
    terminal.ok("keys", "rotate", "notices")
    made = backed_up(terminal)
    new = elsewhere(terminal, tmp_path / "new")

    new.ok("restore", str(made), "--key", str(process_of(terminal).keys(BACKUP).path))

    assert len(ring.accepted()) == 2
    assert process_of(new).keys(NOTICES).accepted() == ring.accepted()


def test_keys_of_notices_are_listed_rotated_and_retired(terminal: Terminal) -> None:
    before = process_of(terminal).keys(NOTICES).accepted()

    told = terminal.json("keys", "rotate", "notices")
    rotated = process_of(terminal).keys(NOTICES).accepted()
    terminal.ok("keys", "retire", "notices")

    assert told == {"name": "notices", "keys": 2} and rotated[1:] == before
    assert process_of(terminal).keys(NOTICES).accepted() == rotated[:1]
    assert "notices" in terminal.ok("keys", "list")
