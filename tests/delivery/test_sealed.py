"""X5 and X35: rows that somebody changed are not sent; keys are rotated while posts are sent; an old key opens nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text as sql

from statuspage.actions import deliveries as deeds
from statuspage.core.errors import NotAllowed
from statuspage.core.seal import digest_of, remote_ok, seal, seal_ok
from statuspage.core.vocabulary import DeliveryState, NoticeKind
from statuspage.settings.keys import BrokenKey, KeyRing, read_keys, refuse_open_doors
from statuspage.store import accounts, deliveries
from statuspage.worker import rotation
from statuspage.worker.desk import configured
from statuspage.worker.postmaster import freeze
from tests.delivery.stage import Stage
from tests.simulation import people, world

ROWS = 20
CHANGES = {
    "text": "'other'", "text_alone": "'other'", "story": "'other'", "code": "'X' || substr(id, 1, 6)", "digest": "'0'",
    "channel": "'elsewhere'",
    "language": "'fr'", "mode": "'new'", "kind": "'resolved'", "sequence": "9", "essential": "1", "valid_until": "'2030-01-01 00:00:00'",
    "network": "'other'", "created_at": "'2020-01-01 00:00:00'", "not_before": "'2020-01-01 00:00:00'",
    "subject_id": "'y' || substr(id, 1, 9)",
    "id": "'z' || substr(id, 1, 9)", "seal": "'0'",
}  # fmt: skip


@pytest.mark.parametrize("column", sorted(CHANGES))
def test_x5_twenty_rows_with_one_changed_field_are_refused_with_an_alarm_each_and_none_is_posted(column: str) -> None:
    stage = Stage("bare")
    for number in range(ROWS):
        stage.people.update(f"subject{number:05d}", NoticeKind.INVESTIGATING, valid_s=None, hold_s=60.0)
    with stage.world.store.writing() as session:
        session.execute(sql(f"UPDATE delivery SET {column} = {CHANGES[column]}"))

    stage.passes(120.0)

    with stage.world.store.reading() as session:
        found = session.execute(sql("SELECT state, id FROM delivery")).all()
    assert stage.texts("bare") == []
    assert [state for state, _ in found] == ["refused"] * ROWS
    assert {f"delivery:{row_id}" for _, row_id in found} <= set(stage.alarms())


def test_x5_rows_moved_to_another_account_are_refused_there() -> None:
    stage = Stage("bare", "natural")
    for number in range(ROWS):
        stage.people.update(f"subject{number:05d}", NoticeKind.INVESTIGATING, valid_s=None, hold_s=60.0)
    with stage.world.store.writing() as session:
        session.execute(sql("UPDATE delivery SET account = 'natural' WHERE account = 'bare'"))

    stage.passes(120.0)

    assert stage.texts("bare") == [] and len(stage.texts("natural")) == ROWS
    with stage.world.store.reading() as session:
        assert session.execute(sql("SELECT state FROM delivery WHERE channel = 'bare'")).scalars().all() == ["refused"] * ROWS


def changed(stage: Stage, row_id: str, **columns: object) -> None:
    """What an intruder in the database does."""
    with stage.world.store.writing() as session:
        for column, value in columns.items():
            session.execute(sql(f"UPDATE delivery SET {column} = :value WHERE id = :id"), {"value": value, "id": row_id})


REQUESTS = {
    "link": "https://evil.example/sign-in",
    "image": {"url": "https://evil.example/cards/x.jpg", "alt": "x"},
    "edit": {"id": "bare-1", "extra": {}},
    "reply_to": {"id": "bare-1", "extra": {}},
    "record_key": "3k-other",
    "created_at": "2030-01-01T00:00:00+00:00",
    "container": "somebody-elses",
}


@pytest.mark.parametrize("state", ["waiting", "unknown"])
@pytest.mark.parametrize("part", sorted(REQUESTS))
def test_x5_a_frozen_request_that_somebody_wrote_or_changed_is_refused(part: str, state: str) -> None:
    """Words and code are as they were sealed; where they go, and what they lead to, is not."""
    stage = Stage("bare", mode="edit")
    stage.people.update("another00000", NoticeKind.INVESTIGATING, valid_s=None)
    stage.passes(5.0)
    before = stage.texts("bare")
    if state == "unknown":
        stage.network("bare").script = ["error"]
    stage.tell(hold_s=0.0 if state == "unknown" else 60.0)
    stage.passes(1.0)
    row = stage.rows("bare")[0]
    assert row.state == state
    frozen = row.request or freeze(row, [row], can_edit=True, now=row.created_at, address=lambda code: "")
    changed(stage, row.id, request=json.dumps({**frozen, part: REQUESTS[part]}))

    stage.passes(600.0)

    (row,) = stage.rows("bare")
    assert row.state is DeliveryState.REFUSED and f"delivery:{row.id}" in stage.alarms()
    assert stage.texts("bare") == before


@pytest.mark.parametrize("mode", ["edit", "reply"])
@pytest.mark.parametrize("part", ["remote_id", "remote"])
def test_x5_a_post_whose_id_somebody_changed_is_continued_by_nobody(part: str, mode: str) -> None:
    """Else the next update would rewrite, or answer, another post of the account."""
    stage = Stage("bare", mode=mode)
    stage.people.update("another00000", NoticeKind.INVESTIGATING, valid_s=None)
    stage.passes(5.0)
    (other,) = stage.network("bare").posts
    stage.tell()
    stage.passes(5.0)
    row = stage.rows("bare")[0]
    kept = {"extra": {}, "root": {"id": other.id, "extra": {}}, "seal": row.remote["seal"]}
    changed(stage, row.id, **{part: other.id if part == "remote_id" else json.dumps(kept)})

    stage.tell(NoticeKind.UPDATE)
    stage.passes(60.0)

    assert stage.states("bare") == [DeliveryState.DELIVERED, DeliveryState.DELIVERED]
    assert f"kept:{row.id}" in stage.alarms()
    second = stage.rows("bare")[1]
    assert second.request is not None and (second.request["edit"], second.request["reply_to"]) == (None, None)
    assert len(other.revisions) <= 1 and second.text_alone in stage.texts("bare")


class Rotating(Stage):
    """A stage whose keys stand in a file, as in the product."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ring = KeyRing(tmp_path / "secrets" / "seal.key")
        monkeypatch.setattr(world, "OneKey", lambda _key: self.ring)
        monkeypatch.setattr(people, "seal", lambda row, _key: seal(row, self.ring.newest()))
        super().__init__("bare")

    def sends(self, first: int, number: int, hold_s: float) -> None:
        for count in range(first, first + number):
            self.people.update(f"subject{count:05d}", NoticeKind.INVESTIGATING, valid_s=None, hold_s=hold_s * (count % 2))

    def credentials(self, *keys: bytes) -> dict[str, str] | None:
        with self.world.store.reading() as session:
            sealed = accounts.credentials(session, "bare")
        assert sealed is not None
        of = configured(self.world.outside.configs["bare"])
        return accounts.open_with(sealed, keys, account="bare", configured=of)

    def expire(self) -> None:
        """The token runs out; the network renews it, once."""
        self.network("bare").token, self.network("bare").refreshable = f"renewed-{self.world.time:.0f}", True


def test_x35_three_rotations_while_a_hundred_posts_are_sent_fail_none_and_the_old_keys_open_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Rotating(tmp_path, monkeypatch)
    stage.expire()
    for turn in range(3):
        stage.sends(turn * 30, 30, hold_s=90.0)
        stage.passes(20.0)  # half of them are out or under way, half wait
        rotation.rotate(stage.world.outside, stage.ring, "Ada")
        stage.passes(20.0)
        stage.world.kill(stage.process, "in the test")  # who comes next opens the credentials with what there is now
        stage.world.start(stage.process)
        if turn == 1:
            rotation.retire(stage.world.outside, stage.ring, "Ada", stage.ring.changed_at() + 61)
    stage.sends(90, 10, hold_s=0.0)
    stage.passes(400.0)

    *_, old = keys = stage.ring.accepted()
    dropped, _ = rotation.retire(stage.world.outside, stage.ring, "Ada", stage.ring.changed_at() + 61)

    rows = stage.people.rows()
    assert [row.state for row in rows if row.channel == "bare"] == [DeliveryState.DELIVERED] * 100
    assert len(set(stage.texts("bare"))) == len(stage.texts("bare")) == 100
    assert (len(keys), dropped, len(stage.ring.accepted())) == (2, 1, 1)
    assert stage.credentials(stage.ring.newest()) == {"token": stage.network("bare").token}
    assert stage.credentials(old) is None
    assert "account:bare" not in stage.alarms()


def test_an_account_that_is_off_stays_off_under_a_new_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Rotating(tmp_path, monkeypatch)
    stage.network("bare").disowns = 410
    stage.sends(1, 1, hold_s=0.0)
    stage.passes(5.0)
    asked = len(stage.network("bare").requests)

    rotation.rotate(stage.world.outside, stage.ring, "Ada")
    rotation.retire(stage.world.outside, stage.ring, "Ada", stage.ring.changed_at() + 61)
    stage.world.kill(stage.process, "in the test")
    stage.world.start(stage.process)
    stage.sends(2, 1, hold_s=0.0)
    stage.passes(600.0)

    assert asked and len(stage.network("bare").requests) == asked


def test_a_retired_key_seals_nothing_any_more_and_a_forged_row_is_never_sealed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Rotating(tmp_path, monkeypatch)
    stage.sends(1, 1, hold_s=600.0)
    stage.sends(3, 1, hold_s=600.0)
    forged, sound = stage.people.rows()
    with stage.world.store.writing() as session:
        session.execute(sql("UPDATE delivery SET text = 'other' WHERE id = :id"), {"id": forged.id})
    old = stage.ring.newest()

    done = rotation.rotate(stage.world.outside, stage.ring, "Ada")
    with pytest.raises(NotAllowed, match="less than a minute"):
        rotation.retire(stage.world.outside, stage.ring, "Ada", stage.ring.changed_at() + 1)
    rotation.retire(stage.world.outside, stage.ring, "Ada", stage.ring.changed_at() + 61)

    with stage.world.store.reading() as session:
        row = deliveries.get(session, sound.id)
    assert (done.deliveries, done.wrong) == (1, 1)
    assert seal_ok(row, stage.ring.newest()) and not seal_ok(row, old)
    stage.passes(700.0)
    assert len(stage.texts("bare")) == 1


@pytest.mark.parametrize("content", ["", "\n", "abc", "0" * 63, "0" * 65, "G" * 64, "0" * 64 + "\nxyz"])
def test_a_key_file_that_is_not_whole_is_told_and_never_used(tmp_path: Path, content: str) -> None:
    path = tmp_path / "seal.key"
    path.write_text(content)

    with pytest.raises(BrokenKey) as told:
        read_keys(path)

    assert str(path) in str(told.value) and "Restore" in str(told.value)
    assert content.strip() == "" or content.strip() not in str(told.value)


def test_keys_are_made_for_their_owner_only_and_two_processes_agree_on_one(tmp_path: Path) -> None:
    one, other = KeyRing(tmp_path / "secrets" / "seal.key"), KeyRing(tmp_path / "secrets" / "seal.key")

    assert one.newest() == other.newest()
    assert (one.path.stat().st_mode & 0o777, one.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    one.rotate()
    assert other.accepted() == one.accepted() and len(one.accepted()) == 2
    assert one.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "mode"), [("secrets", 0o750), ("secrets/seal.key", 0o640), ("secrets/seal.key", 0o604), ("statuspage.db", 0o644)]
)
def test_x35_files_that_others_may_read_are_named_with_what_to_do(tmp_path: Path, name: str, mode: int) -> None:
    KeyRing(tmp_path / "secrets" / "seal.key").newest()
    database = tmp_path / "statuspage.db"
    database.touch(mode=0o600)
    refuse_open_doors(tmp_path / "secrets", [database, tmp_path / "not-there"])
    (tmp_path / name).chmod(mode)

    with pytest.raises(BrokenKey) as told:
        refuse_open_doors(tmp_path / "secrets", [database])

    allowed = "700" if name == "secrets" else "600"
    assert f"{tmp_path / name} is open to others: its mode is {mode:04o}, allowed is 0{allowed}." in str(told.value)
    assert f"chmod {allowed} {tmp_path / name}" in str(told.value)


@pytest.mark.parametrize("order", ["the newer was changed", "the older was changed"])
def test_x5_what_a_changed_statement_had_replaced_is_said_after_all(order: str) -> None:
    """An intruder may silence what he changed, and nothing besides."""
    stage = Stage("bare")
    stage.network("bare").down = True
    stage.tell()
    stage.passes(10.0)
    stage.tell(NoticeKind.IDENTIFIED)
    stage.passes(10.0)
    first, second = stage.rows("bare")
    changed(stage, (second if order == "the newer was changed" else first).id, text_alone="Other words")
    stage.network("bare").down = False

    stage.passes(900.0)

    said = first if order == "the newer was changed" else second
    assert stage.texts("bare") == [said.text_alone]


@pytest.mark.parametrize("mode", ["edit", "reply"])
@pytest.mark.parametrize("how", ["refused", "withdrawn"])
def test_x5_nothing_that_was_changed_gets_a_seal_when_another_one_of_its_thread_goes(how: str, mode: str) -> None:
    """Later stories are told anew then: whoever changed one of them must not have it sealed so."""
    stage = Stage("bare", mode=mode)
    stage.tell(hold_s=60.0)
    stage.tell(NoticeKind.IDENTIFIED, hold_s=120.0)
    first, second = stage.rows("bare")
    evil = "Send money to X"
    changed(stage, second.id, text=evil, text_alone=evil, story=evil, digest=digest_of(evil, evil, evil))
    if how == "refused":
        changed(stage, first.id, text_alone="other words")
    else:
        deeds.withdraw(stage.world.outside, first.id, "Ada")

    stage.passes(900.0)

    assert stage.states("bare")[1] is DeliveryState.REFUSED and stage.texts("bare") == []


def test_x35_what_is_settled_is_told_in_stories_after_the_old_key_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Rotating(tmp_path, monkeypatch)
    stage.sends(0, 2, 0.0)
    stage.passes(30.0)
    rotation.rotate(stage.world.outside, stage.ring, "Ada")
    stage.passes(61.0)
    rotation.retire(stage.world.outside, stage.ring, "Ada", stage.ring.changed_at() + 61.0)

    with stage.world.store.reading() as session:
        rows = deliveries.settled(session)
    assert rows and all(seal_ok(row, *stage.ring.accepted()) and remote_ok(row, stage.ring.accepted()) for row in rows)
