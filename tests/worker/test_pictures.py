"""A notice as a picture: put on the public page first, fetched from there by the network, and only then a post."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from statuspage.actions import incidents
from statuspage.actions.incidents import Declaration
from statuspage.actions.stories import story_of
from statuspage.core.deliveries import Delivery
from statuspage.core.vocabulary import ComponentStatus, DeliveryState
from statuspage.demo import stage
from statuspage.demo.networks.server import RunningNetworks
from statuspage.outside import Folder
from statuspage.publish.card import card_path
from statuspage.settings.loader import load_file
from statuspage.settings.process import ProcessSettings
from statuspage.store import Database, cards, configurations, copies, deliveries
from statuspage.worker.assemble import build_context
from statuspage.worker.dispatcher import Dispatcher
from statuspage.worker.process import open_ports
from statuspage.worker.publisher import Publisher


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """A test says what it has to say by itself."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    """The public folder behind a web server, as the networks see it."""
    (tmp_path / "public").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path / "public")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class Bank:
    """The demonstration's accounts on running networks, its publisher, and one incident that was declared."""

    def __init__(self, tmp_path: Path, page: str, networks: RunningNetworks, database: Database) -> None:
        process = ProcessSettings(stage.CONFIGURATION, tmp_path, "sqlite://")
        environ = stage.environment("127.0.0.1", 9, tmp_path) | {"NETWORKS_URL": networks.url, "PAGE_URL": page}
        loaded = load_file(stage.CONFIGURATION, environ)
        ports = replace(open_ports(process), store=database)
        with database.writing() as session:
            configurations.accept(session, text=loaded.text, digest=loaded.digest, at=ports.clock.now())
        self.networks = networks
        self.ctx = build_context(ports, process, loaded)
        self.public = Folder(tmp_path / "public")
        self.publisher = Publisher(self.ctx, [self.public])
        status = {"log-in": ComponentStatus.MAJOR_OUTAGE}
        self.incident = incidents.declare(self.ctx, Declaration(components=status, who="Ada"))

    def row(self, account: str) -> Delivery:
        with self.ctx.ports.store.reading() as session:
            return next(row for row in deliveries.listing(session) if row.account == account)

    def passes(self, account: str) -> None:
        dispatcher = Dispatcher(self.ctx, account)
        for _ in range(4):
            dispatcher.step()
        dispatcher.close()

    def publishes(self) -> None:
        """The page, and then all pictures."""
        for _ in range(4):
            list(self.publisher.work())


@pytest.fixture
def bank(tmp_path: Path, page: str, networks: RunningNetworks, sqlite_database: Database) -> Bank:
    return Bank(tmp_path, page, networks, sqlite_database)


@pytest.mark.parametrize("account", ["instagram", "pinterest"])
def test_a_post_waits_until_its_picture_is_on_the_public_page(bank: Bank, account: str) -> None:
    bank.passes(account)
    before = (bank.row(account).state, bank.row(account).attempts, bank.networks.truth(account))
    with bank.ctx.ports.store.reading() as session:
        told = story_of(session, bank.ctx, bank.row(account).id).standing.why

    bank.publishes()
    bank.passes(account)

    row, (posted,) = bank.row(account), bank.networks.truth(account)
    assert before == (DeliveryState.QUEUED, 0, []) and told.startswith("Waits for its picture")
    assert (row.state, row.attempts) == (DeliveryState.DELIVERED, 1)
    assert posted["picture"] and posted["text"] == row.text
    assert posted["alt"] == " ".join(row.text_alone.replace(bank.ctx.words.verification_url(row.code), "").split())


def test_a_reworded_post_waits_for_a_picture_of_its_new_words(bank: Bank) -> None:
    bank.publishes()
    row = bank.row("instagram")
    reworded = replace(row, text_alone="Otras palabras.", digest="f" * 64)

    with bank.ctx.ports.store.reading() as session:
        out = cards.is_out(session, row), cards.is_out(session, reworded)

    assert out == (True, False)
    assert card_path(row.code, row.digest) != card_path(reworded.code, reworded.digest)


def test_after_a_restore_pictures_are_drawn_again(bank: Bank) -> None:
    bank.publishes()
    with bank.ctx.ports.store.writing() as session:
        copies.forget_pictures(session)

    with bank.ctx.ports.store.reading() as session:
        assert not cards.is_out(session, bank.row("instagram"))
        assert {row.account for row in cards.wanted(session, {"instagram-nl", "pinterest-fr"}, 10)} == {"instagram", "pinterest"}


def test_nothing_is_drawn_for_channels_that_take_words(bank: Bank) -> None:
    bank.publishes()

    drawn = {path.name.partition("-")[0] for path in bank.public.list(PurePosixPath("cards"))}

    assert drawn == {bank.row(account).code for account in ("instagram", "pinterest")}


def test_the_page_is_out_before_any_picture_is_drawn(bank: Bank) -> None:
    points = list(bank.publisher.work())

    assert "renamed" in points
    assert bank.public.list(PurePosixPath("cards")) == []


def test_a_row_whose_picture_was_changed_in_the_database_is_refused(bank: Bank) -> None:
    bank.publishes()
    row = bank.row("pinterest")
    request = {
        "text": row.text, "language": row.language, "key": "", "code": row.code, "link": "", "created_at": row.created_at.isoformat(),
        "record_key": "", "reply_to": None, "root": None, "edit": None,
        "image": {"url": "https://elsewhere.example/cards/x.jpg", "alt": "Win 500 euros"},
    }  # fmt: skip
    with bank.ctx.ports.store.writing() as session:
        deliveries.change(session, row, request=request)

    bank.passes("pinterest")

    assert bank.row("pinterest").state is DeliveryState.REFUSED
    assert bank.networks.truth("pinterest") == []
