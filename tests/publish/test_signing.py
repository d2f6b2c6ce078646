"""Signed notices: what is published can be checked by a stranger, and nothing that was changed passes."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.actions import incidents, notices, warnings
from statuspage.actions.incidents import Change, Declaration
from statuspage.core.vocabulary import ComponentStatus, SubjectKind
from statuspage.publish import signing
from statuspage.publish.signing import Keys, NotGenuine, Signer, check, key_id, read_keys_file
from statuspage.settings.keys import KeyRing
from statuspage.store import deliveries
from statuspage.store.engine import Database
from tests.actions.stage import SECRET_NAME, declared
from tests.publish.samples import PAGE, code
from tests.publish.stage import Press

SIGNER = Signer((b"s" * 32,))
KEYS = read_keys_file(signing.keys_file(PAGE, SIGNER))


@pytest.fixture
def press(sqlite_database: Database, tmp_path: Path) -> Press:
    """One that signs, under a key ring of its own."""
    made = Press(sqlite_database, tmp_path)
    made.stage.ctx = replace(made.stage.ctx, signing=KeyRing(tmp_path / "secrets" / "notices.key"))
    made.restart()
    return made


def keys_of(press: Press) -> Keys:
    return read_keys_file(press.text(".well-known/statuspage-keys.json").encode())


def test_every_message_and_every_update_is_signed_with_the_very_words_that_were_said(press: Press) -> None:
    incident = declared(press.stage, "cards")
    warning = warnings.fraud_warning(press.stage.ctx, fake="bank-help[.]example", who="Ana")
    press.publish()

    keys = keys_of(press)
    for row in (*press.stage.posts(incident), *press.stage.posts(warning.subject_id, SubjectKind.WARNING)):
        (found,) = check(press.text(f"u/{row.code}/signed.json").encode(), keys)
        assert found.words in (row.text, row.story) and found.head["id"] == row.code
        assert (found.head["kind"], found.head["network"], found.head["language"]) == ("message", row.network, row.language)
    for update in (*press.stage.said(incident), warning):
        told = {one.head["language"]: one.words for one in check(press.text(f"notices/{update.id}.json").encode(), keys)}
        assert told == dict(update.texts)
    page = press.text(f"u/{press.stage.posts(incident)[0].code}/index.html")
    assert f"/u/{press.stage.posts(incident)[0].code}/signed.json" in page and signing.HOW_PATH in page


def test_openssl_agrees_by_the_published_instructions(press: Press, tmp_path: Path) -> None:
    incident = declared(press.stage, "cards")
    press.publish()
    notice = press.json(f"u/{press.stage.posts(incident)[0].code}/signed.json")["notices"][0]
    key = next(one for one in press.json(".well-known/statuspage-keys.json")["keys"] if one["id"] == notice["key"])
    files = {"notice.txt": notice["signed"].encode(), "notice.sig": base64.b64decode(notice["signature"]), "key.pem": key["pem"].encode()}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "changed.txt").write_bytes(files["notice.txt"] + b".")
    command = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in {} -sigfile notice.sig"

    good, bad = (
        subprocess.run(command.format(name).split(), cwd=tmp_path, capture_output=True, text=True, check=False)
        for name in ("notice.txt", "changed.txt")
    )

    assert (good.returncode, good.stdout.strip()) == (0, "Signature Verified Successfully")
    assert bad.returncode == 1
    assert command.format("notice.txt") in press.text(".well-known/statuspage-verify.txt")


def test_after_a_rotation_old_notices_still_count_and_after_retiring_only_what_is_signed_anew(press: Press) -> None:
    ring = press.stage.ctx.signing
    assert isinstance(ring, KeyRing)
    incident = declared(press.stage, "cards")
    press.publish()
    path = f"notices/{press.stage.said(incident)[0].id}.json"
    old = press.text(path).encode()

    ring.rotate()
    press.publish(61)
    rotated = keys_of(press)
    new = press.text(path).encode()
    ring.retire()
    press.publish(61)

    assert sorted(rotated.uses.values()) == ["current", "former"]
    assert {one.use for one in check(old, rotated)} == {"former"} and {one.use for one in check(new, rotated)} == {"current"}
    assert {one.use for one in check(press.text(path).encode(), keys_of(press))} == {"current"}
    with pytest.raises(NotGenuine, match="not among those"):
        check(old, keys_of(press))


def test_what_is_private_a_drill_or_withdrawn_is_signed_nowhere(press: Press) -> None:
    """X2 for the signed files: no key, no private word, no rehearsal; and a message that is never sent loses its signature."""
    stage = press.stage
    held = stage.with_settings(policy={"default": "hold", "hold_s": 120.0})
    private = declared(stage, "treasury", status=ComponentStatus.MAJOR_OUTAGE)
    drill = incidents.declare(stage.ctx, Declaration({"login": ComponentStatus.MAJOR_OUTAGE}, "Canary Author", drill=True))
    mixed = declared(held, "treasury", "cards")
    stage.forward(seconds=121)
    with press.database.writing() as session:
        for row in deliveries.of_subject(session, SubjectKind.INCIDENT, mixed.id):
            deliveries.change(session, row, state="queued")
    press.publish()
    codes = {row.code for row in stage.posts(mixed)}
    before = {path for path in press.everything() if path.endswith("signed.json")}
    notices.withdraw(stage.ctx, kind=SubjectKind.INCIDENT, subject_id=mixed.id, sequence=1, who="Ana")

    press.publish()

    files = press.everything()
    signed = {
        path: body.decode() for path, body in files.items() if path.startswith(("notices/", ".well-known/")) or path.endswith("signed.json")
    }
    assert {path.split("/")[1] for path in before} == codes
    assert not [path for path in signed if path.endswith("signed.json")], "withdrawn: no code of it is genuine any more"
    assert [path for path in signed if path.startswith("notices/")] == [f"notices/{stage.said(mixed)[0].id}.json"]
    seeds = [seed.hex() for seed in press.stage.ctx.signing.accepted()] + [  # type: ignore[union-attr]
        base64.b64encode(seed).decode()
        for seed in press.stage.ctx.signing.accepted()  # type: ignore[union-attr]
    ]
    for word in ("treasury", SECRET_NAME, "Canary Author", "Ana", private.id, drill.id, "sandbox", *seeds):
        assert not [path for path, body in signed.items() if word in body], word


def test_the_archive_keeps_signed_what_was_signed(press: Press) -> None:
    incident = declared(press.stage, "cards")
    press.stage.deliver_all()
    incidents.resolve(press.stage.ctx, incidents.Resolution(incident.id, "Ana", cause="change"))
    press.settle()
    press.stage.forward(days=9)

    press.settle()

    for update in press.stage.said(incident):
        assert check(press.text(f"notices/{update.id}.json").encode(), keys_of(press))
    assert check(press.text(f"u/{press.stage.posts(incident)[0].code}/signed.json").encode(), keys_of(press))


def test_the_same_notice_is_signed_the_same_and_untouched_files_stay_as_they_are(press: Press) -> None:
    incident = declared(press.stage, "cards")
    press.publish()
    before = press.everything()

    incidents.update(press.stage.ctx, Change(incident.id, "Ana"))
    press.publish()

    after = press.everything()
    first = f"notices/{press.stage.said(incident)[0].id}.json"
    assert after[first] == before[first]
    assert after[".well-known/statuspage-keys.json"] == before[".well-known/statuspage-keys.json"]


def _signed() -> dict[str, object]:
    found: dict[str, object] = json.loads(signing.message_file(PAGE, code(), SIGNER))
    return found


@given(st.data())
def test_no_changed_byte_passes(data: st.DataObject) -> None:
    whole = signing.message_file(PAGE, code(), SIGNER)
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[place]))
    changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
    true = check(whole, KEYS)

    try:
        found = check(changed, KEYS)
    except NotGenuine:
        return

    assert found == true, "only what is not part of the notice may differ"


@pytest.mark.parametrize(
    "change",
    [
        {"notices": []},
        {"notices": None},
        {"notices": [{"signed": "x", "key": "y", "signature": "!"}]},
        {"notices": [{"signed": "\ud800", "key": KEYS_ID, "signature": base64.b64encode(b"x" * 64).decode()} for KEYS_ID in KEYS.public]},
        {"notices": [{"signed": 3, "key": [], "signature": 7}]},
    ],
)
def test_nonsense_is_no_notice(change: dict[str, object]) -> None:
    with pytest.raises(NotGenuine):
        check(json.dumps({**_signed(), **change}).encode(), KEYS)


def test_another_pages_notice_and_a_key_under_a_false_name_are_refused() -> None:
    elsewhere = replace(PAGE, url="https://status.evil.example")

    with pytest.raises(NotGenuine, match="signed for the page"):
        check(signing.message_file(elsewhere, code(), SIGNER), KEYS)
    with pytest.raises(NotGenuine, match="not called after itself"):
        read_keys_file(signing.keys_file(PAGE, SIGNER).replace(key_id(SIGNER.public_keys[0]).encode(), b"0" * 16))


def test_a_signer_never_shows_its_seeds() -> None:
    assert "sss" not in repr(SIGNER)
