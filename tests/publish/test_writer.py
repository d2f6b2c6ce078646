"""The writer: whole files, the manifest last, never an older edition over a newer one."""

from __future__ import annotations

import gzip
import json
import random
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

import brotli
import pytest

from statuspage.outside import Folder
from statuspage.publish.encode import SUFFIX, Encoded, digest, encode
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.publish.writer import Busy, Edition, Superseded, Writer
from tests.publish.samples import NOW, PAGE, builder, outage, snapshot


def edition(generation: int, letters: str = "", paths: tuple[str, ...] = ("en/index.html", "status.txt"), **changes: object) -> Edition:
    """Files that say which generation they are of, long enough to be packed."""
    hot = {PurePosixPath(path): encode(f"{path} {letters or generation} ".encode() * 60) for path in paths}
    made = Edition(PAGE, generation, NOW + timedelta(minutes=generation), hot)
    return replace(made, **changes)  # type: ignore[arg-type]


def write(writer: Writer, what: Edition) -> list[str]:
    return list(writer.write(what))


def test_of_a_limited_folder_only_what_is_named_stays(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    drawn = {PurePosixPath(f"en/preview/{name}.jpg"): Encoded({"identity": name.encode()}) for name in "abc"}
    a, _, c = drawn
    write(Writer(folder), edition(1, archive=drawn))

    write(Writer(folder), edition(2, archive={a: drawn[a]}, limited={a.parent: (c, a)}))

    assert folder.list(PurePosixPath("en/preview")) == [a, c]
    assert folder.read(PurePosixPath("en/index.html"))


def manifest(folder: Folder) -> Manifest:
    return Manifest.from_bytes(folder.read(MANIFEST))


def assert_whole(folder: Folder) -> None:
    """Every file is what the manifest calls it, in every coding."""
    for path, entry in manifest(folder).files.items():
        found = {coding: folder.read(path.with_name(path.name + suffix)) for coding, suffix in SUFFIX.items()}
        assert {coding: digest(body) for coding, body in found.items() if body is not None} == entry.digests, path


def test_the_real_files_unpack_to_themselves_and_the_manifest_names_them_all(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    points = write(Writer(folder), Edition(PAGE, 1, NOW, builder().hot(outage(), 1)))

    assert points == ["snapshot-written", "renamed"]
    assert len(manifest(folder).files) > 100
    assert_whole(folder)
    for path in manifest(folder).files:
        body, packed = folder.read(path), folder.read(path.with_name(path.name + ".gz"))
        assert packed is None or gzip.decompress(packed) == body
        packed = folder.read(path.with_name(path.name + ".br"))
        assert packed is None or brotli.decompress(packed) == body


def test_an_older_edition_is_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    write(Writer(folder), edition(7))

    for late in (7, 6, 1):
        with pytest.raises(Superseded, match=f"edition {late}"):
            write(Writer(folder), edition(late))

    assert (folder.read(PurePosixPath("status.txt")) or b"").startswith(b"status.txt 7")


def test_twenty_races_end_with_the_newest_edition_whole(tmp_path: Path) -> None:
    """A11"""
    for race in range(20):
        folder = Folder(tmp_path / str(race))
        numbers = random.Random(race).sample(range(1, 100), 4)
        threads = [threading.Thread(target=persist, args=(folder, number)) for number in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert manifest(folder).generation == max(numbers)
        assert (folder.read(PurePosixPath("status.txt")) or b"").startswith(f"status.txt {max(numbers)}".encode())
        assert_whole(folder)


def persist(folder: Folder, number: int) -> None:
    """As a publisher does: tries again while another one writes, gives way to a newer edition."""
    for _ in range(100_000):
        try:
            write(Writer(folder), edition(number))
        except Busy:
            continue
        except Superseded:
            return
        return
    raise AssertionError("the folder never came free")


def test_while_one_writes_another_is_told_so_at_once(tmp_path: Path) -> None:
    first = Writer(Folder(tmp_path)).write(edition(1))
    next(first)

    with pytest.raises(Busy):
        write(Writer(Folder(tmp_path)), edition(2))

    assert list(first) == ["renamed"]
    assert write(Writer(Folder(tmp_path)), edition(2)) == ["snapshot-written", "renamed"]


class Counting(Folder):
    """Remembers what was written."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.written: list[str] = []

    def write_all(self, files: Mapping[PurePosixPath, bytes]) -> None:
        self.written += [path.as_posix() for path in files]
        super().write_all(files)


def test_what_did_not_change_is_not_written_and_keeps_its_moment(tmp_path: Path) -> None:
    folder = Counting(tmp_path)
    writer = Writer(folder)
    write(writer, edition(1, "same"))
    folder.written.clear()

    write(writer, edition(2, "same"))

    assert folder.written == ["manifest.json"]
    assert manifest(folder).files[PurePosixPath("status.txt")].modified == NOW + timedelta(minutes=1)


def test_publishing_one_change_costs_the_same_whatever_the_archive_holds(tmp_path: Path) -> None:
    costs = []

    for name, past in (("short", 0), ("long", 400)):
        folder = Counting(tmp_path / name)
        writer = Writer(folder)
        archive = {PurePosixPath(f"en/incidents/{number}/index.html"): encode(b"old") for number in range(past)}
        write(writer, edition(1, archive=archive))
        folder.written.clear()
        write(writer, edition(2))
        costs.append((len(folder.written), len(folder.read(MANIFEST) or b"")))

    assert costs[0] == costs[1]


@pytest.mark.parametrize("point", ["before", "snapshot-written", "renamed"])
def test_a_crash_at_any_point_leaves_whole_files_and_the_next_edition_puts_all_right(tmp_path: Path, point: str) -> None:
    folder = Folder(tmp_path)
    write(Writer(folder), edition(1))
    running = Writer(folder).write(edition(2))
    while point != "before" and next(running) != point:
        pass
    running.close()

    body = folder.read(PurePosixPath("status.txt")) or b""
    assert body == body[: len(body) // 60] * 60
    write(Writer(folder), edition(3, "1"))

    assert (folder.read(PurePosixPath("status.txt")) or b"").startswith(b"status.txt 1")
    assert_whole(folder)


def test_a_language_that_the_page_has_no_more_leaves_nothing_behind_though_the_writer_died(tmp_path: Path) -> None:
    folder, less = Folder(tmp_path), replace(PAGE, languages=("de",), default_language="de")
    archive = {PurePosixPath(f"{language}/incidents/1/index.html"): encode(b"old") for language in ("en", "de")}
    write(Writer(folder), edition(1, archive=archive))
    running = Writer(folder).write(edition(2, paths=("de/index.html", "status.txt"), page=less))
    while next(running) != "renamed":
        pass
    running.close()
    assert folder.list(PurePosixPath("en"))

    write(Writer(folder), edition(3, paths=("de/index.html", "status.txt"), page=less))

    assert not folder.list(PurePosixPath("en"))
    assert folder.read(PurePosixPath("de/incidents/1/index.html")) == b"old" and folder.read(PurePosixPath("status.txt"))


def test_a_coding_that_saves_nothing_any_more_is_taken_away(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    writer = Writer(folder)
    path = PurePosixPath("status.txt")
    write(writer, edition(1))

    write(writer, edition(2, hot={path: encode(b"short")}))

    assert folder.read(path) == b"short"
    assert folder.read(PurePosixPath("status.txt.gz")) is None and folder.read(PurePosixPath("status.txt.br")) is None


def test_a_code_that_was_never_sent_and_a_badge_of_a_removed_component_go_and_incidents_stay(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    writer = Writer(folder)
    paths = ("en/index.html", "en/badges/old.svg", "u/AAAAAAA/index.html", "en/incidents/one/index.html")
    write(writer, edition(1, paths=paths))

    write(writer, edition(2, paths=("en/index.html",), gone=[PurePosixPath("u/AAAAAAA/index.html")]))

    left = [path.as_posix() for path in folder.list(PurePosixPath()) if path.suffix not in (".gz", ".br")]
    assert left == ["en/incidents/one/index.html", "en/index.html", "manifest.json"]


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"files": {"a": 1}}', b'{"generation": "x"}', b'{"headers": {"nonsense": {}}}'])
def test_a_manifest_that_cannot_be_read_means_that_everything_is_written_anew(tmp_path: Path, broken: bytes) -> None:
    folder = Folder(tmp_path)
    write(Writer(folder), edition(1))
    folder.write(MANIFEST, broken)

    write(Writer(folder), edition(2))

    assert_whole(folder)


def test_the_manifest_says_nothing_that_is_not_public(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    write(Writer(folder), Edition(PAGE, 1, NOW, builder().hot(snapshot(), 1)))

    told = json.loads(folder.read(MANIFEST) or b"{}")
    assert set(told) == {"generation", "languages", "default_language", "prefix", "page", "hubs", "headers", "files"}
    assert str(tmp_path) not in json.dumps(told)


def test_equal_bytes_have_equal_names_and_other_bytes_other_names() -> None:
    assert encode(b"a" * 500).digests == encode(b"a" * 500).digests
    assert len({name for body in (b"a" * 500, b"b" * 500) for name in encode(body).digests.values()}) == 6
    assert Encoded({"identity": b"a"}).digests.keys() == {"identity"}


def test_a_page_that_the_archive_would_pack_harder_keeps_the_packing_that_the_manifest_names(tmp_path: Path) -> None:
    folder, writer = Folder(tmp_path), Writer(Folder(tmp_path))
    path = PurePosixPath("en/incidents/abc/index.html")
    body = b"".join(f"line {number} of a page that packs differently at each level\n".encode() for number in range(300))
    first = edition(1, paths=("en/index.html",))
    harder = encode(body, quality=11)
    assert harder.bodies["br"] != encode(body).bodies["br"]

    write(writer, replace(first, hot={**first.hot, path: encode(body)}, archive={path: harder}))

    assert_whole(folder)


@pytest.mark.parametrize("path", [".", "", "/etc/passwd", "../beside", "en/../../beside"])
def test_a_manifest_that_names_what_is_no_file_of_the_folder_is_no_manifest(tmp_path: Path, path: str) -> None:
    folder = Folder(tmp_path)
    write(Writer(folder), edition(1))
    told = json.loads(folder.read(MANIFEST) or b"")
    told["files"][path] = told["files"]["status.txt"]
    folder.write(MANIFEST, json.dumps(told).encode())

    write(Writer(folder), edition(2))

    assert manifest(folder).generation == 2
    assert b"en/index.html 2" in (folder.read(PurePosixPath("en/index.html")) or b"")
