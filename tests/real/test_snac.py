"""The Mastodon API against snac, which is not Mastodon: it ignores keys, counts otherwise, and changes ids with an edit."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from broadcasters import mastodon
from broadcasters.errors import OutcomeClass, Rejected
from tests.broadcasters.bench import HOSTILE
from tests.free_ports import free_port
from tests.real.counterpart import (
    INSTALLED,
    Counterpart,
    finds_a_post_by_its_code_and_proves_that_another_is_absent,
    installed,
    publishes_hostile_texts_whole,
    repeats,
    running,
    with_token,
)

pytestmark = pytest.mark.real
TREE = INSTALLED / "trixie"


@pytest.fixture(scope="module")
def server() -> Iterator[Counterpart]:
    installed(TREE / "usr" / "bin" / "snac", "snac")
    port, data = free_port(), TREE / "srv" / "snac"
    shutil.rmtree(data, ignore_errors=True)
    inside = ["chroot", str(TREE)]
    subprocess.run(
        [*inside, "snac", "init", "/srv/snac"],
        input=f"127.0.0.1\n{port}\nlocalhost:{port}\n\n\n",
        text=True,
        check=True,
        capture_output=True,
    )
    settings = data / "server.json"
    settings.write_text(settings.read_text().replace('"protocol": "https"', '"protocol": "http"'))
    made = subprocess.run([*inside, "snac", "adduser", "/srv/snac", "bank"], text=True, check=True, capture_output=True)
    (password,) = re.findall(r"password is (\S+)", made.stdout + made.stderr)
    url = f"http://localhost:{port}"
    with running([*inside, "snac", "httpd", "/srv/snac"], data, url):
        answer = requests.post(f"{url}/oauth/x-snac-get-token", data={"login": "bank", "passwd": password}, timeout=20)
        token = answer.text.strip().split()[-1]
        yield Counterpart(mastodon, mastodon.Config(url, token, max_characters=5000, characters_per_url=32))
    shutil.rmtree(data)


def test_hostile_texts_are_published_whole(server: Counterpart) -> None:
    """But for what 2.75 takes for its own markup, whatever it is told: tags, and links in brackets. No notice has either."""
    publishes_hostile_texts_whole(server, [text.replace(" <c>", "").replace("[f](g)", "[f] (g)") for text in HOSTILE])


def test_a_post_is_found_by_its_code_and_absence_is_proven(server: Counterpart) -> None:
    finds_a_post_by_its_code_and_proves_that_another_is_absent(server)


def test_a_key_is_ignored_which_is_why_such_a_server_counts_as_bare(server: Counterpart) -> None:
    first, second, number = repeats(server)

    assert first.remote.id != second.remote.id and number == 2
    assert mastodon.delivery_class(server.config) == "bare"


def test_updates_reply_to_the_one_before(server: Counterpart) -> None:
    root = server.send(server.post("Uno.")).remote
    reply = server.send(server.post("Dos.", reply_to=root, root=root)).remote

    told = requests.get(
        f"{server.config.base_url}/api/v1/statuses/{reply.id}",
        headers={"Authorization": f"Bearer {server.config.access_token}"},
        timeout=20,
    ).json()

    assert told["in_reply_to_id"] == root.id  # of the language, 2.75 says en whatever it was told


def test_an_edit_changes_the_words(server: Counterpart) -> None:
    first = server.send(server.post("Uno.")).remote
    rewritten = server.post("Dos.", edit=first)

    server.edit(rewritten)

    assert rewritten.text in server.texts()


def test_a_token_that_nobody_gave_out_is_told(server: Counterpart) -> None:
    with pytest.raises(Rejected) as caught:
        stranger = with_token(server, "made-up")
        stranger.send(stranger.post())

    assert caught.value.outcome is OutcomeClass.REAUTH


def test_it_says_who_we_are_and_that_its_numbers_are_others(server: Counterpart) -> None:
    said = mastodon.verify(replace(server.config, max_characters=200_000), server.http)

    assert "bank" in said and "max_characters" in said


def test_the_address_of_a_post_is_there_for_people(server: Counterpart) -> None:
    receipt = server.send(server.post("Uno."))

    assert receipt.url is not None
    assert requests.get(receipt.url, timeout=20).status_code == 200
