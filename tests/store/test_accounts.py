"""What is remembered of a login at a network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from statuspage.actions import deliveries
from statuspage.store import accounts
from statuspage.store.engine import Database
from tests.actions.stage import Stage

ASKED_AT = datetime(2026, 3, 2, 11, 21, tzinfo=UTC)
UNTIL = ASKED_AT + timedelta(minutes=1)


def test_fresh_credentials_and_a_persons_word_leave_when_the_network_asked_to_wait(database: Database) -> None:
    """Whoever owns the account next believes in a wait for no longer than it was: a clock set back meanwhile made an hour of a minute."""
    stage = Stage(database).with_settings(accounts=[{"name": "chirp", "kind": "mastodon", "config": {}}])
    with database.writing() as session:
        accounts.save(session, accounts.Account("chirp", 1, None, "refused", "", UNTIL), ASKED_AT)
    with database.writing() as session:
        accounts.save_credentials(session, "chirp", b"sealed", ASKED_AT - timedelta(hours=2))
    with database.reading() as session:
        renewed = accounts.get(session, "chirp")
    stage.clock.at = ASKED_AT - timedelta(hours=1)
    deliveries.resume_account(stage.ctx, "chirp", "Ana")
    with database.reading() as session:
        resumed = accounts.get(session, "chirp")

    assert (renewed.paused_until, renewed.noted_at) == (resumed.paused_until, resumed.noted_at) == (UNTIL, ASKED_AT)
    assert (renewed.stopped, resumed.stopped) == ("refused", "")
