"""Publishing into S3-compatible storage, against moto's server: an emulator, on the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from moto.server import ThreadedMotoServer

from statuspage.bucket import Bucket
from statuspage.outside import Folder, SystemClock
from statuspage.publish.encode import SUFFIX, digest
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.publish.writer import Superseded, Target, Writer
from statuspage.settings.models import BucketSettings
from statuspage.worker.mirror import Mirror
from tests.free_ports import free_port
from tests.publish.test_writer import edition

NAME = "bank-status"


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """The address of an empty storage."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def settings(storage: str, request: pytest.FixtureRequest) -> BucketSettings:
    """A bucket of the test's own, with room for somebody else's objects beside ours."""
    name = f"{NAME}-{abs(hash(request.node.name)) % 10**8}"
    made = BucketSettings(name, "key", "a-very-secret-key", endpoint=storage, prefix="page")
    Bucket(made)._client.create_bucket(Bucket=name)
    return made


def manifest(target: Target) -> Manifest:
    return Manifest.from_bytes(target.read(MANIFEST))


def test_an_edition_stands_there_whole_with_the_types_of_its_files(settings: BucketSettings) -> None:
    bucket = Bucket(settings)

    list(Writer(bucket).write(edition(1, paths=("en/index.html", "en/badges/login.svg", "api/v2/summary.json", "status.txt"))))

    for path, entry in manifest(bucket).files.items():
        found = {coding: bucket.read(path.with_name(path.name + suffix)) for coding, suffix in SUFFIX.items()}
        assert {coding: digest(body) for coding, body in found.items() if body is not None} == entry.digests, path
    head = bucket._client.head_object(Bucket=settings.bucket, Key="page/en/index.html")
    assert (head["ContentType"], head["CacheControl"][:18]) == ("text/html; charset=utf-8", "public, max-age=15")
    packed = bucket._client.head_object(Bucket=settings.bucket, Key="page/en/index.html.gz")
    assert (packed["ContentType"], packed["ContentEncoding"]) == ("text/html; charset=utf-8", "gzip")


def test_an_older_edition_never_replaces_a_newer_one(settings: BucketSettings) -> None:
    bucket = Bucket(settings)
    list(Writer(bucket).write(edition(7)))

    with pytest.raises(Superseded):
        list(Writer(Bucket(settings)).write(edition(6)))

    assert manifest(bucket).generation == 7
    assert bucket.read(PurePosixPath("status.txt")) == edition(7).hot[PurePosixPath("status.txt")].bodies["identity"]


def test_it_reads_lists_and_removes_below_its_prefix_alone(settings: BucketSettings) -> None:
    bucket, other = Bucket(settings), Bucket(replace(settings, prefix=""))
    other.write(PurePosixPath("somebody/else.txt"), b"theirs")
    bucket.write_all({PurePosixPath("a/b.txt"): b"1", PurePosixPath("a/c.txt"): b"2", PurePosixPath("d.txt"): b"3"})

    bucket.remove(PurePosixPath("a/c.txt"))
    bucket.remove(PurePosixPath("a/never-was.txt"))

    assert bucket.list(PurePosixPath()) == [PurePosixPath("a/b.txt"), PurePosixPath("d.txt")]
    assert bucket.list(PurePosixPath("a")) == [PurePosixPath("a/b.txt")]
    assert bucket.read(PurePosixPath("a/c.txt")) is None
    assert PurePosixPath("somebody/else.txt") in other.list(PurePosixPath())


@pytest.mark.parametrize("wrong", ["gone", "missing"])
def test_trouble_names_the_bucket_and_the_object_and_no_secret(settings: BucketSettings, wrong: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    bucket = Bucket(replace(settings, endpoint=nobody) if wrong == "gone" else replace(settings, bucket="no-such-bucket"))

    with pytest.raises(OSError) as told:
        bucket.write(PurePosixPath("en/index.html"), b"x")

    assert "cannot write en/index.html" in str(told.value)
    assert settings.secret_key not in str(told.value) + repr(settings)


def test_a_mirror_into_storage_that_was_away_catches_up_with_page_and_archive(settings: BucketSettings, tmp_path: Path) -> None:
    """A7: the first folder does not wait, and nothing is lost but time."""
    source = Folder(tmp_path)
    away = Mirror("mirror:1", source, Bucket(replace(settings, endpoint=f"http://127.0.0.1:{free_port()}")), SystemClock())
    month, page = PurePosixPath("en/history/2026-01/index.html"), edition(1).hot[PurePosixPath("status.txt")]
    for made in (replace(edition(1), archive={month: page}), edition(2)):
        list(Writer(source).write(made))
        away.offer(made)
        with pytest.raises(OSError):
            away.step()

    bucket = Bucket(settings)
    back = Mirror("mirror:1", source, bucket, SystemClock())
    back.offer(edition(3))
    for _ in range(3):
        back.step()

    assert manifest(bucket).generation == 3
    assert bucket.read(month) == page.bodies["identity"]
