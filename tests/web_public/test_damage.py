"""A damaged packing on disk never keeps the news from readers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from structlog.testing import capture_logs

from statuspage.outside import Folder, SystemClock
from statuspage.publish.encode import encode
from statuspage.publish.writer import Edition, Writer
from statuspage.web.published import Shelf
from tests.processes import until
from tests.publish.samples import NOW, PAGE
from tests.web_public.serving import Running, ask, running


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


def reworded(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """As if another release had written the manifest."""
    path = folder / "manifest.json"
    told = json.loads(path.read_bytes())
    change(told)
    Folder(folder).write(PurePosixPath("manifest.json"), json.dumps(told).encode())


def new_coding(told: dict[str, Any]) -> None:
    for entry in told["files"].values():
        entry["digests"]["zstd"] = "0" * 32


def no_name(told: dict[str, Any]) -> None:
    told["files"]["."] = told["files"]["status.txt"]


def no_files(told: dict[str, Any]) -> None:
    told["files"] = [{"path": path, **entry} for path, entry in told["files"].items()]


def test_a_packing_of_a_newer_release_is_left_out_and_the_new_edition_is_served(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    shelf = Shelf(tmp_path, SystemClock())
    shelf.look()
    publish(tmp_path, 2)
    reworded(tmp_path, new_coding)

    assert shelf.look()
    page = shelf.get("en/index.html")
    assert page is not None and set(page.forms) == {"identity", "gzip", "br"}
    assert page.forms["identity"].body.startswith(b"en/index.html 2")


@pytest.mark.parametrize("change", [no_name, no_files])
def test_a_manifest_that_cannot_be_understood_is_refused_until_there_is_another(
    tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    publish(tmp_path, 1)
    shelf = Shelf(tmp_path, SystemClock())
    shelf.look()
    publish(tmp_path, 2)
    good = (tmp_path / "manifest.json").read_bytes()
    reworded(tmp_path, change)

    with capture_logs() as told:
        assert [shelf.look() for _ in range(3)] == [False] * 3
    page = shelf.get("en/index.html")
    assert page is not None and page.forms["identity"].body.startswith(b"en/index.html 1")
    assert [one["log_level"] for one in told] == ["error"]
    Folder(tmp_path).write(PurePosixPath("manifest.json"), good)
    assert shelf.look()


def test_whatever_goes_wrong_with_one_edition_the_next_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, 1)
    with running(tmp_path) as server:
        assert served(server).startswith(b"status.txt 1")
        fails = Fails()
        with monkeypatch.context() as patched:
            patched.setattr(server.front.files, "look", fails)
            until(lambda: fails.times > 2)
        publish(tmp_path, 2)
        until(lambda: served(server).startswith(b"status.txt 2"))


class Fails:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> bool:
        self.times += 1
        raise RuntimeError("as if broken")


def served(server: Running) -> bytes:
    return ask(server.port, "/status.txt").body
