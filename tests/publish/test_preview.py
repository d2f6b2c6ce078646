"""The picture beside a shared link: the present state, whole, in every language, another address for each state."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from PIL import Image

from statuspage.core.contrast import TEXT, ratio
from statuspage.core.vocabulary import ComponentStatus
from statuspage.publish import preview as previews
from statuspage.publish.page import Pages
from statuspage.publish.plain import COLOURS
from statuspage.publish.preview import Preview, draw, plate_of, preview_of
from statuspage.publish.shapes import WHITE
from statuspage.publish.snapshot import Snapshot
from statuspage.publish.views import Views
from tests.publish.drawing import DAMAGED, Line, written
from tests.publish.samples import LANGUAGES, NOW, PAGE, incident, maintenance, outage, snapshot, wording
from tests.web_public.states import STATES

LONG = Preview(
    "Gemeinschaftsbank Norddeutschland",
    "#0b3d6e",
    ComponentStatus.MAJOR_OUTAGE,
    "Ein Teil unserer Dienste ist ausgefallen",
    "Echtzeitüberweisungsauftragsbestätigungen und Unternehmenskundenanmeldeverfahren im Online-Banking: wird untersucht. " * 2,
    "seit Do 22. Nov. 14:05 MEZ",
    "status.gemeinschaftsbank-norddeutschland.example/status",
)


def told(found: Snapshot, language: str = "en") -> Preview:
    return preview_of(Views(found, wording(), language))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_stands_inside_the_edges_and_none_on_another(monkeypatch: pytest.MonkeyPatch, language: str, state: str) -> None:
    found = told(STATES[state](), language)

    lines = written(monkeypatch, partial(draw, found))

    shown = "".join(line for line, _, _ in lines).replace("-", "").replace(" ", "")
    for expected in (found.bank, found.headline, found.lead, found.since, found.address):
        assert expected.replace("-", "").replace(" ", "") in shown
    _all_inside(lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_of_pages_that_outlast_the_state_tells_whose_they_are_and_no_state(
    monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    found = plate_of(PAGE, wording(), language)

    lines = written(monkeypatch, partial(draw, found))

    shown = "".join(line for line, _, _ in lines).replace("-", "").replace(" ", "")
    for expected in (PAGE.name, wording().text("name", language), wording().safety(language)):
        assert expected.replace("-", "").replace(" ", "") in shown
    _all_inside(lines)


def test_what_is_too_long_ends_in_an_ellipsis(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written(monkeypatch, partial(draw, LONG))

    assert any(line.endswith("…") for line, _, _ in lines)
    _all_inside(lines)


def _all_inside(lines: list[Line]) -> None:
    """Within the picture, readable where it is shown 500 pixels wide, and one below the other."""
    boxes = [box for _, _, box in lines]
    assert all(size >= 24 for _, size, _ in lines)
    assert all(left >= 0 and top >= 0 and right <= previews.WIDTH and bottom <= previews.HEIGHT for left, top, right, bottom in boxes)
    words = sorted(boxes, key=lambda box: box[1])
    assert all(above[3] <= below[1] for above, below in pairwise(words))


def test_a_preview_is_a_small_jpeg_of_the_usual_shape_and_always_the_same_bytes() -> None:
    first, again = draw(told(outage())), draw(told(outage()))

    with Image.open(io.BytesIO(first)) as image:
        assert (image.format, image.size) == ("JPEG", (1200, 630))
    assert first == again and len(first) < 150_000


def test_the_logo_stands_before_the_name() -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (600, 200), (255, 0, 0, 255)).save(stream, "PNG")

    with Image.open(io.BytesIO(draw(told(outage()), stream.getvalue()))) as image:
        red, green, blue = image.convert("RGB").getpixel((previews.MARGIN + 40, previews.BAND // 2))  # type: ignore[misc]
    assert (red > 240, green < 20, blue < 20) == (True, True, True)


@pytest.mark.parametrize("logo", DAMAGED)
def test_a_damaged_logo_is_left_out(logo: bytes) -> None:
    assert draw(told(outage()), logo) == draw(told(outage()))


@pytest.mark.parametrize("status", ComponentStatus)
def test_white_on_every_state_is_readable(status: ComponentStatus) -> None:
    assert ratio(WHITE, COLOURS[status]) >= TEXT


def test_the_address_changes_with_the_state_and_with_nothing_else() -> None:
    bad = outage()
    later = replace(bad, made_at=NOW + timedelta(minutes=20), maintenances=(maintenance(), maintenance(2)))
    promised = replace(bad, incidents=(replace(incident(1, 6), next_update_by=NOW + timedelta(hours=1)), *bad.incidents[1:]))

    assert told(bad).version == told(later).version == told(promised).version
    assert len({told(STATES[state]()).version for state in STATES if state != "no_data"}) == len(STATES) - 1  # "no data" is impaired too


def test_a_shared_link_shows_the_picture_with_its_words() -> None:
    body = Pages(PAGE, wording()).front(outage(), "de").decode()

    found = told(outage(), "de")
    assert f'<meta property="og:image" content="https://status.example.com/de/preview/{found.version}.jpg">' in body
    assert re.search(r'og:image:alt" content="Example Bank\. Ein Teil unserer Dienste ist ausgefallen\. [^"]+ seit [^"]+\."', body)
    assert 'property="og:image:width" content="1200"' in body and 'property="og:image:height" content="630"' in body


def test_when_all_is_well_the_picture_says_so_without_a_moment() -> None:
    assert told(snapshot()).since == ""
    assert told(snapshot()).alternative == "Example Bank. Everything is working. We know of no problem with any of our 12 services."


def test_what_works_again_is_told_since_when_it_does_and_not_since_when_it_failed() -> None:
    found = STATES["watched"]()

    assert told(found).since == "since Sun 22 Nov 14:31 CET"
    assert re.search(r"<dt>Since</dt> <dd><time[^>]*>Sun 14:31 CET</time>", Pages(PAGE, wording()).front(found, "en").decode())
