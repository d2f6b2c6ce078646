"""Readers during rewrites, and writers that are killed: old or new, never mixed."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import select
import signal
import threading
from pathlib import Path, PurePosixPath

import pytest

from statuspage.outside import Folder
from statuspage.publish.manifest import MANIFEST, Manifest
from statuspage.publish.writer import Writer
from tests.publish.test_writer import assert_whole, edition
from tests.web_public.serving import Call

PATHS = ("en/index.html", "es/index.html", "status.txt", "api/v2/summary.json", "en/feed.atom")


def generation_in(path: str, body: bytes) -> int:
    """Which edition a file is of. Raises AssertionError if it is torn or of two."""
    found = re.fullmatch(rb"(?:%s (\d+) ){60}" % re.escape(path.encode()), body)
    assert found and body == f"{path} {int(found[1])} ".encode() * 60, body[:80]
    return int(found[1])


def read_much(read: object, reads: int, failures: list[str], seen: list[int]) -> None:
    """One reader: every body is whole, and for one path the editions never go back."""
    newest = dict.fromkeys(PATHS, 0)
    try:
        for number in range(reads):
            path = PATHS[number % len(PATHS)]
            body = read(path)  # type: ignore[operator]
            generation = generation_in(path, body)
            assert generation >= newest[path], f"{path} went back from {newest[path]} to {generation}"
            newest[path] = generation
        seen.append(max(newest.values()))
    except AssertionError as error:
        failures.append(str(error))


def race(folder: Path, rewrites: int, reads: int) -> tuple[list[str], list[int]]:
    """Four readers, two of the bare files and two of the embedded server, while one writer goes on."""
    writer = Writer(Folder(folder))
    list(writer.write(edition(1, paths=PATHS)))
    failures: list[str] = []
    seen: list[int] = []
    call = Call(folder)
    ways = [lambda path: (folder / path).read_bytes(), lambda path: call(f"/{path}").body] * 2
    readers = [threading.Thread(target=read_much, args=(way, reads, failures, seen)) for way in ways]
    for reader in readers:
        reader.start()
    for generation in range(2, rewrites + 2):
        list(writer.write(edition(generation, paths=PATHS)))
    for reader in readers:
        reader.join()
    return failures, seen


def test_readers_see_old_or_new_and_never_a_mixture(tmp_path: Path) -> None:
    """A2, a short one; the whole count is in the long job."""
    failures, seen = race(tmp_path, rewrites=20, reads=200)

    assert failures == []
    assert len(seen) == 4


@pytest.mark.long
def test_readers_see_old_or_new_during_three_hundred_rewrites(tmp_path: Path) -> None:
    """A2: 4 readers x 2,000 reads during 300 rewrites"""
    failures, seen = race(tmp_path, rewrites=300, reads=2000)

    assert failures == []
    assert len(seen) == 4


def write_for_ever(folder: Path, first: int, told: int) -> None:
    """A child: one edition after another; a byte for each."""
    writer = Writer(Folder(folder))
    generation = first
    while True:
        list(writer.write(edition(generation, paths=PATHS)))
        os.write(told, b".")
        generation += 1


@pytest.mark.long
def test_fifty_killed_writers_leave_nothing_torn(tmp_path: Path) -> None:
    """A2: SIGKILL 50 times, each at another moment of the writing"""
    folder = Folder(tmp_path)
    list(Writer(folder).write(edition(1, paths=PATHS)))
    chance = random.Random(20261122)
    context = multiprocessing.get_context("fork")
    unfinished = 0

    for _ in range(50):
        before = Manifest.from_bytes(folder.read(MANIFEST)).generation
        read, told = os.pipe()
        child = context.Process(target=write_for_ever, args=(tmp_path, before + 1, told))
        child.start()
        os.close(told)
        os.read(read, 1)  # it writes now
        select.select([], [], [], chance.uniform(0, 0.02))  # the moment of the blow
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        os.close(read)

        generations = {path: generation_in(path, (tmp_path / path).read_bytes()) for path in PATHS}
        manifest = Manifest.from_bytes(folder.read(MANIFEST))
        assert manifest.generation > before
        unfinished += set(generations.values()) != {manifest.generation}
        list(Writer(folder).write(edition(manifest.generation + 1000, paths=PATHS)))
        assert_whole(folder)

    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name.endswith(".new")]
    assert len(left) <= 50 * 3 * len(PATHS)
    assert all(PurePosixPath(path.name).name.startswith(".") for path in left)
    assert unfinished > 0, "no blow ever fell in the middle of an edition: this test would find nothing"
