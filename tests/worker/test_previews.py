"""Pictures of the state: out right after the page, drawn again only for another state, in every folder."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image
from structlog.testing import capture_logs

from statuspage.actions import incidents
from statuspage.actions.incidents import Resolution
from statuspage.outside import Folder
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.publish.preview import Preview, draw
from statuspage.store.engine import Database
from statuspage.worker.previews import KEPT
from tests.actions.stage import declared
from tests.publish.drawing import DAMAGED
from tests.publish.stage import Press

EN = PurePosixPath("en/preview.jpg")


@pytest.fixture
def press(sqlite_database: Database, tmp_path: Path) -> Press:
    return Press(sqlite_database, tmp_path, previews=True)


def colour(folder: Folder) -> tuple[int, int, int]:
    """Of the state, in the middle of the left edge of the picture."""
    with Image.open(io.BytesIO(folder.read(EN) or b"")) as image:
        return image.convert("RGB").getpixel((10, 400))  # type: ignore[return-value]


def address(press: Press) -> str:
    """Where the page says that its picture is."""
    found = re.search(r'og:image" content="https://[^/]+/(en/preview/\w+\.jpg)"', press.text("en/index.html"))
    assert found
    return found[1]


def named(press: Press) -> bytes | None:
    """The picture there."""
    return press.public.read(PurePosixPath(address(press)))


def test_the_page_is_out_first_and_a_picture_with_each_look_that_follows(press: Press) -> None:
    press.publish()
    before = press.public.read(EN)

    points = [press.publish() for _ in press.of.page.languages]

    assert before is None and named(press) == press.public.read(EN) is not None and points == [["snapshot-written", "renamed"]] * 2
    red, green, _ = colour(press.public)
    assert green > red
    assert press.publish() == []


def test_an_outage_changes_picture_and_address_and_an_update_of_it_neither(press: Press) -> None:
    press.settle()
    calm = address(press)

    incident = declared(press.stage, "cards")
    press.settle()
    red, green, _ = colour(press.public)
    bad, picture = address(press), press.public.read(EN)
    press.stage.deliver_all()
    press.settle()

    assert red > green and incident.id in press.text("en/index.html")
    assert bad != calm and address(press) == bad and press.public.read(EN) == picture == named(press)


def test_an_address_never_shows_another_state_than_the_one_it_was_named_for(press: Press) -> None:
    """A network may ask in the moments between a page and its picture, and keeps for days what it got."""
    press.settle()
    calm = named(press)

    declared(press.stage, "cards")
    press.publish()
    too_early = named(press)
    press.settle()

    assert too_early is None and press.public.read(EN) == named(press) not in (None, calm)
    assert calm in press.everything().values()


def test_the_last_pictures_stay_and_older_ones_go(press: Press) -> None:
    seen = []
    for number in range(KEPT + 3):
        if number % 4 == 2:
            press.restart()
        incident = declared(press.stage, "cards")
        press.stage.clock.at += timedelta(hours=1)
        press.settle()
        seen.append(address(press))
        incidents.resolve(press.stage.ctx, Resolution(incident.id, "Ana"))
        press.stage.clock.at += timedelta(hours=1)

    there = {path.as_posix() for path in press.public.list(PurePosixPath("en/preview"))}
    assert len(set(seen)) == len(seen) and len(there) == KEPT
    assert seen[-1] in there


@pytest.mark.parametrize("logo", DAMAGED)
def test_a_logo_that_cannot_be_drawn_is_left_out_and_told_once(press: Press, logo: bytes) -> None:
    press.stage.ctx = replace(press.stage.ctx, logo=logo)

    with capture_logs() as logs:
        press.restart()
        press.settle()
        declared(press.stage, "cards")
        press.settle()

    assert named(press) is not None
    assert [one["event"] for one in logs if "logo" in one["event"]] == ["the logo cannot be drawn; pictures go out without it"]


def test_a_picture_that_cannot_be_drawn_is_told_once_and_holds_up_nothing(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("statuspage.worker.previews.draw", lambda *_: 1 / 0)
    declared(press.stage, "cards")

    with capture_logs() as logs:
        for _ in range(10):
            press.publish(6.0)

    assert press.public.read(EN) is None
    assert [one["language"] for one in logs if one["log_level"] == "error"] == list(press.of.page.languages)
    assert press.text(f"en/history/{press.stage.clock.now():%Y-%m}/index.html")


def test_who_gets_the_publication_back_draws_what_another_may_have_left(press: Press) -> None:
    press.settle()
    calm = press.public.read(EN)
    ours = press.publisher
    ours.close()

    press.restart()
    incident = declared(press.stage, "cards")
    press.settle()
    trouble = press.public.read(EN)
    incidents.resolve(press.stage.ctx, Resolution(incident.id, "Ana"))
    press.stage.clock.at += timedelta(days=1)
    press.publisher = ours
    press.settle()

    assert trouble != calm and press.public.read(EN) == calm


def test_a_picture_that_gave_way_to_a_newer_edition_is_not_taken_to_be_out(press: Press) -> None:
    press.publish()
    ahead = Manifest.from_bytes(press.public.read(MANIFEST))
    press.public.write(MANIFEST, replace(ahead, generation=ahead.generation + 1).to_bytes())

    press.look()
    before = press.public.read(EN)
    press.settle()

    assert before is None and press.public.read(EN) is not None


def test_a_heartbeat_draws_nothing(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    press.settle()
    monkeypatch.setattr("statuspage.worker.previews.draw", lambda *_: 1 / 0)

    assert press.publish(61) == ["snapshot-written", "renamed"]
    assert press.publish() == []


def test_a_further_folder_has_the_pictures_too(sqlite_database: Database, tmp_path: Path) -> None:
    press = Press(sqlite_database, tmp_path, further=1, previews=True)

    press.settle()
    press.publisher.mirrors[0].step()

    assert press.copies[0].read(EN) == press.public.read(EN) is not None


def test_a_process_that_begins_anew_draws_them_again(press: Press) -> None:
    press.settle()
    press.public.remove(EN)

    press.restart()
    press.settle()

    assert press.public.read(EN) is not None


def test_the_picture_of_pages_that_outlast_the_state_is_drawn_once_and_stays(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    press.settle()
    before = {language: press.public.read(PurePosixPath(f"{language}/page.jpg")) for language in press.of.page.languages}
    drawn: list[Preview] = []
    monkeypatch.setattr("statuspage.worker.previews.draw", lambda told, logo: drawn.append(told) or draw(told, logo))

    declared(press.stage, "cards")
    press.settle()

    assert all(before.values()) and before == {path: press.public.read(PurePosixPath(f"{path}/page.jpg")) for path in before}
    assert len(drawn) == len(before) and all(told.since for told in drawn)
