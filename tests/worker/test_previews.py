"""Pictures of the state: out right after the page, drawn again only for another state, in every folder."""

from __future__ import annotations

import io
import re
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from statuspage.outside import Folder
from statuspage.store.engine import Database
from tests.actions.stage import declared
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
    found = re.search(r'og:image" content="https://[^/]+(/en/preview\.jpg\?\w+)"', press.text("en/index.html"))
    assert found
    return found[1]


def test_the_page_is_out_first_and_a_picture_with_each_look_that_follows(press: Press) -> None:
    press.publish()
    before = press.public.read(EN)

    points = [press.publish() for _ in press.of.page.languages]

    assert before is None and points == [["snapshot-written", "renamed"]] * 2
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
    assert bad != calm and address(press) == bad and press.public.read(EN) == picture


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
