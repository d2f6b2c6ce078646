"""The whole product as separate processes in a storm: killed, suspended, cut off and restarted, while the bank breaks and readers read.

STORM_SEED repeats a storm; the seed is printed. What the machine does in between is not in it: two runs of one seed are alike, not equal.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from statuspage.outside import Folder
from statuspage.store import Database
from tests.processes import until
from tests.storm.cast import Cast
from tests.storm.judge import codes_wrong, incidents_told, incidents_wrong, page_wrong, posts_wrong, promised_wrong
from tests.storm.plan import plan
from tests.storm.readers import PATHS, Reader, ask
from tests.storm.weather import PATIENCE_S, WHO, Weather


@pytest.fixture
def cast(postgres_url: str, tmp_path: Path) -> Iterator[Cast]:
    database = Database(postgres_url)
    with database.writing() as session:  # the template has the tables, this says so to the migrations
        session.execute(text("DROP SCHEMA public CASCADE"))
        session.execute(text("CREATE SCHEMA public"))
    database.close()
    with ExitStack() as stack:
        yield Cast(postgres_url, tmp_path, stack)


BRIEF = pytest.param(60, marks=pytest.mark.long, id="60")
LONG = [pytest.param(600, marks=pytest.mark.release, id=f"600, {which}") for which in ("first", "second", "third")]


@pytest.mark.parametrize("seconds", [BRIEF, *LONG])
def test_after_a_storm_every_network_has_the_right_threads_and_no_reader_ever_got_an_error(cast: Cast, seconds: int) -> None:
    seed = int(os.environ.get("STORM_SEED", random.SystemRandom().randrange(1_000_000)))
    print(f"storm of {seconds} s, STORM_SEED={seed}")
    cast.begin()
    cast.reachable()
    until(lambda: all(served(cast.front, path) and served(cast.port, path) for path in PATHS), patience_s=PATIENCE_S)
    readers = [Reader(cast.front), Reader(cast.port, cast.front)]
    for reader in readers:
        reader.start()

    weather = Weather(cast, seed)
    weather.blow(plan(seed, seconds))
    weather.heal()
    folder = Folder(cast.data / "public")
    until(lambda: page_wrong(weather.console, cast.database, folder, cast.front) == [], patience_s=120)
    until(lambda: page_wrong(weather.console, cast.database, folder, cast.port) == [], patience_s=120)
    for reader in readers:
        reader.end()
    posts = cast.truth()
    print(f"done: {weather.done}; started again: {cast.started_again}; posts: {len(posts)}; answers: {[r.answers for r in readers]}")

    told = incidents_told(weather.console, cast.database, posts)
    print(f"said at the console: {len(weather.said)}; incidents that every channel told to their end: {len(told)}")

    assert promised_wrong(weather.console, cast.database, posts, weather.said, WHO) == []
    assert posts_wrong(weather.console, cast.database, posts) == []
    assert incidents_wrong(cast.database) == []
    assert codes_wrong(posts, cast.port) == []
    assert [reader.errors for reader in readers] == [[], []]
    assert told
    assert_it_was_a_storm(weather.done, readers)


def assert_it_was_a_storm(done: dict[str, int], readers: list[Reader]) -> None:
    """Else nothing was shown."""
    assert {"kill", "suspend", "start", "go_on", "break_bank", "misbehave", "say"} <= done.keys() | {"kill"}
    assert all(reader.answers["first"] > 100 for reader in readers)


def served(port: int, path: str) -> Any:
    try:
        return ask(port, path)[0] == 200
    except OSError:
        return False
