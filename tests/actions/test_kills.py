"""A process that is killed while it writes an update leaves all of it or nothing, and nothing that it acknowledged is lost."""

from __future__ import annotations

import os
import random
import signal
import time
from functools import partial

import pytest
from sqlalchemy import text

from statuspage.actions import incidents
from statuspage.actions.incidents import Change
from statuspage.core.incidents import Incident
from statuspage.core.vocabulary import SubjectKind
from statuspage.store import notices
from statuspage.store.engine import Database
from tests.actions.stage import CHANNELS, Chance, Stage, declared
from tests.delivery.real import until

KILLS = 300
CHANNELS_USED = CHANNELS[:3]
NAMES = [info.channel.name for info in CHANNELS_USED]


def write_until_killed(url: str, incident: Incident, seed: int, acknowledge: int) -> None:
    """The child: one update after the other; says how many of them stand."""
    stage = Stage(Database(url), channels=CHANNELS_USED, chance=Chance(seed))
    os.write(acknowledge, b"1\n")
    while True:
        written = incidents.update(stage.ctx, Change(incident.id, "Ana"))
        os.write(acknowledge, f"{written.version}\n".encode())


def killed_while_writing(url: str, incident: Incident, seed: int) -> int:
    """Forks a writer, kills it some time after it began; returns the last version that it acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write_until_killed(url, incident, seed, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        chance = random.Random(seed)
        pipe.readline()
        began = time.monotonic()
        whole = [int(pipe.readline()) for _ in range(chance.randint(1, 2))]
        took = (time.monotonic() - began) / len(whole)
        time.sleep(chance.uniform(0.0, 1.2) * took)  # any moment of the next transaction, and the time between two
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        acknowledged = [*whole, *(int(line) for line in pipe.read().split())]
    assert os.WIFSIGNALED(status), "the writer ended by itself"
    return max(acknowledged)


def alone(database: Database) -> bool:
    """True when PostgreSQL has noticed the death: until then it may still be committing for the dead."""
    if database.is_sqlite:
        return True
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with database.reading() as session:
        return int(session.execute(text(query)).scalar_one()) == 0


def check_kills(url: str, kills: int) -> None:
    unacknowledged = 0
    stage = Stage(Database(url), channels=CHANNELS_USED, chance=Chance(-1))
    for seed in range(kills):
        incident = declared(stage)
        stage.database.close()  # no connection is shared with the child
        acknowledged = killed_while_writing(url, incident, seed)

        until(partial(alone, stage.database))
        with stage.database.reading() as session:
            standing = incidents.incidents.get(session, incident.id)
            said = {notice.sequence for notice in notices.of_subject(session, SubjectKind.INCIDENT, incident.id)}
        updates = [update.sequence for update in stage.said(incident)]
        posted = [(post.sequence, post.channel) for post in stage.posts(incident)]

        assert standing.version >= acknowledged, f"kill {seed}: an acknowledged update is lost"
        assert updates == list(range(1, standing.version + 1)) and said == set(updates), f"kill {seed}: torn"
        assert sorted(posted) == sorted((sequence, name) for sequence in updates for name in NAMES), f"kill {seed}: torn"
        unacknowledged += standing.version > acknowledged
        incidents.resolve(stage.ctx, incidents.Resolution(incident.id, "Ana"))
    stage.database.close()
    assert kills < 100 or unacknowledged, "no kill ever fell between the commit and the word of it: the moments are badly chosen"


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite_url", "postgres_url"])
def test_three_hundred_kills_tear_nothing_and_lose_nothing_acknowledged(database_url: str, request: pytest.FixtureRequest) -> None:
    """D1: update, notice and deliveries of the product's own action are in one transaction, on each database."""
    check_kills(request.getfixturevalue(database_url), KILLS)


def test_a_few_kills_tear_nothing(sqlite_url: str) -> None:
    """D1, the short run."""
    check_kills(sqlite_url, 8)
