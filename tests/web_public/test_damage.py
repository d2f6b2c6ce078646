"""A damaged packing on disk never keeps the news from readers."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from statuspage.outside import Folder, SystemClock
from statuspage.publish.encode import encode
from statuspage.publish.writer import Edition, Writer
from statuspage.web.published import Shelf
from tests.publish.samples import NOW, PAGE


def publish(folder: Path, generation: int) -> None:
    paths = ("en/index.html", "status.txt")
    hot = {PurePosixPath(path): encode(f"{path} {generation} ".encode() * 80) for path in paths}
    list(Writer(Folder(folder)).write(Edition(PAGE, generation, NOW, hot)))


def test_a_damaged_packing_is_left_out_and_the_new_edition_is_served(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    shelf = Shelf(tmp_path, SystemClock())
    shelf.refresh()
    publish(tmp_path, 2)
    (tmp_path / "en/index.html.br").write_bytes(b"damaged")

    fresh = Shelf(tmp_path, SystemClock())
    fresh.refresh()

    page = fresh.get("en/index.html")
    assert page is not None
    assert page.forms["identity"].body.startswith(b"en/index.html 2")
    assert "br" not in page.forms
    assert "gzip" in page.forms
