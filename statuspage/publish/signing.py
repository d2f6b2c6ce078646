"""Signed notices: Ed25519 (RFC 8032) over a plain text that anybody can rebuild and check without this product.

docs/signed-notices.md says which bytes are signed, and how a stranger checks them with openssl alone; keep the two in step.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from statuspage.publish.api_v2 import dump
from statuspage.publish.snapshot import PublicCode, PublicPage, PublicUpdate

FORMAT = "signed status notice 1"
KEYS_PATH = "/.well-known/statuspage-keys.json"
ALGORITHM = "Ed25519"
_ID_LETTERS = 16


class NotGenuine(Exception):
    """What is wrong with a signed notice, a signature or a list of keys, in words for people."""


class Unreadable(NotGenuine):
    """It is something else, such as the page of a network that asks for a sign-in: nothing is known of the notice."""


def key_id(public: bytes) -> str:
    """The name of a public key (32 bytes): 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:_ID_LETTERS]


@dataclass(frozen=True)
class Signer:
    """Signs under the newest of its keys. seeds: 32 bytes each, the newest first; the public halves of all are listed."""

    seeds: tuple[bytes, ...] = field(repr=False)

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seeds[0])

    @cached_property
    def public_keys(self) -> tuple[bytes, ...]:
        """32 bytes each, the newest first."""
        keys = (Ed25519PrivateKey.from_private_bytes(seed).public_key() for seed in self.seeds)
        return tuple(key.public_bytes(Encoding.Raw, PublicFormat.Raw) for key in keys)

    @property
    def key_id(self) -> str:
        return key_id(self.public_keys[0])

    def sign(self, told: str) -> dict[str, str]:
        """One signed text as it is published."""
        signature = base64.b64encode(self._private.sign(told.encode())).decode()
        return {"signed": told, "key": self.key_id, "signature": signature}


def message(page: PublicPage, code: PublicCode) -> str:
    """The text that is signed for one message on a network."""
    head = {"kind": "message", "id": code.code, "network": code.network, "language": code.language}
    return _text(page, head, code.at, code.text)


def statements(page: PublicPage, update: PublicUpdate) -> Iterator[str]:
    """The texts that are signed for one update on the page: one per language."""
    for language, words in sorted(update.texts.items()):
        yield _text(page, {"kind": "statement", "id": update.id, "language": language}, update.display_at, words)


def _text(page: PublicPage, head: Mapping[str, str], at: datetime, words: str) -> str:
    lines = [FORMAT, f"page: {page.url}", *(f"{name}: {value}" for name, value in head.items())]
    return "\n".join([*lines, f"at: {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "", words, ""])


def message_file(page: PublicPage, code: PublicCode, signer: Signer) -> bytes:
    """/u/CODE/signed.json"""
    return _file(page, [signer.sign(message(page, code))])


def statement_file(page: PublicPage, update: PublicUpdate, signer: Signer) -> bytes:
    """/notices/ID.json, ID being the update's in the public API"""
    return _file(page, [signer.sign(told) for told in statements(page, update)])


def _file(page: PublicPage, notices: Sequence[Mapping[str, str]]) -> bytes:
    return dump({"format": FORMAT, "keys": page.url + KEYS_PATH, "notices": list(notices)})


def keys_file(page: PublicPage, signer: Signer) -> bytes:
    """The public keys: the one that signs now, then those before it, whose signatures still count."""
    listed = [
        {
            "id": key_id(public),
            "algorithm": ALGORITHM,
            "use": "former" if number else "current",
            "public_key": base64.b64encode(public).decode(),
            "pem": pem(public),
        }
        for number, public in enumerate(signer.public_keys)
    ]
    return dump({"format": FORMAT, "page": page.url, "keys": listed})


def pem(public: bytes) -> str:
    """A public key as openssl reads it."""
    key = Ed25519PublicKey.from_public_bytes(public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


# --- checking ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Keys:
    """A page's list of keys. page: whose it says it is; public: id -> 32 bytes; uses: id -> current or former."""

    page: str
    public: Mapping[str, bytes]
    uses: Mapping[str, str]


@dataclass(frozen=True)
class Checked:
    """A text whose signature is right. head: its header; words: what was said; key: id of the key, use: current or former."""

    head: Mapping[str, str]
    words: str
    key: str
    use: str


def read_keys_file(data: bytes) -> Keys:
    """A list of keys. Raises Unreadable, and NotGenuine if a key is not called what it is."""
    listed = _object(data, "keys", "The list of keys cannot be read")
    try:
        public = {str(one["id"]): base64.b64decode(one["public_key"], validate=True) for one in listed["keys"]}
        uses = {str(one["id"]): str(one["use"]) for one in listed["keys"]}
        page = str(listed["page"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise NotGenuine("The list of keys is wrong: it is not as this product publishes it.") from None
    for name, raw in public.items():
        if len(raw) != 32 or key_id(raw) != name:
            raise NotGenuine(f"The list of keys is wrong: the key {name[:32]!r} is not called after itself.")
    return Keys(page, public, uses)


def check(data: bytes, keys: Keys) -> list[Checked]:
    """Every text of a signed file. Raises Unreadable, and NotGenuine unless each signature is right, under a key of the list."""
    listed = _object(data, "notices", "This is no signed notice")["notices"]
    try:
        found = [(str(one["signed"]), str(one["key"]), base64.b64decode(one["signature"], validate=True)) for one in listed]
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise NotGenuine("A notice in it is not as this product publishes them.") from None
    if not found:
        raise NotGenuine("There is no notice in it.")
    return [_checked(told, key, signature, keys) for told, key, signature in found]


def page_named(data: bytes) -> str:
    """The page whose notice a file says it holds: not proven by that. Raises Unreadable and NotGenuine."""
    listed = _object(data, "notices", "This is no signed notice")["notices"]
    try:
        return _parsed(str(listed[0]["signed"]))[0]["page"]
    except (KeyError, TypeError, IndexError):
        raise NotGenuine("There is no notice in it that names its page.") from None


def _object(data: bytes, holds: str, wrong: str) -> Any:
    """What a file of ours says, which is an object with a list named `holds`. Raises Unreadable."""
    try:
        found = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get(holds), list):
        raise Unreadable(f"{wrong}: it is not the JSON that this product publishes.")
    return found


def _checked(told: str, key: str, signature: bytes, keys: Keys) -> Checked:
    public = keys.public.get(key)
    if public is None:
        raise NotGenuine(f"It is signed under the key {key[:32]!r}, which is not among those of {keys.page}.")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, told.encode())
    except (InvalidSignature, UnicodeEncodeError):
        raise NotGenuine(f"The signature is wrong: the text, or the signature, was changed after it was signed under {key}.") from None
    head, words = _parsed(told)
    if head.get("page") != keys.page:
        raise NotGenuine(f"It was signed for the page {head.get('page')!r}, and the keys are those of {keys.page!r}.")
    return Checked(head, words, key, keys.uses[key])


def _parsed(told: str) -> tuple[dict[str, str], str]:
    """Header and words of a signed text. Raises NotGenuine."""
    head, blank, words = told.partition("\n\n")
    first, *lines = head.split("\n")
    if first != FORMAT or not blank or not all(": " in line for line in lines):
        raise NotGenuine(f"The signed text does not begin as one of the format {FORMAT!r} does.")
    return dict(line.split(": ", 1) for line in lines), words.removesuffix("\n")


# --- for strangers ---------------------------------------------------------------------------------------------------------------

HOW_PATH = "/.well-known/statuspage-verify.txt"
_HOW = """\
How to check a notice of {page}
===============================================================

Every message that we post carries a code. For a code CODE, this file holds the message and its signature:

  {page}/u/CODE/signed.json

Every update on our page has such a file too ({page}/notices/ID.json). Our public keys are here:

  {page}{keys}

With the command of this product (it says what it checked):

  statuspage verify CODE --page {page}

With openssl 3, jq and nothing of ours:

  curl -s {page}/u/CODE/signed.json > signed.json
  jq -j '.notices[0].signed' signed.json > notice.txt
  jq -r '.notices[0].signature' signed.json | base64 -d > notice.sig
  curl -s {page}{keys} | jq -r --arg id "$(jq -r '.notices[0].key' signed.json)" '.keys[] | select(.id == $id) | .pem' > key.pem
  openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in notice.txt -sigfile notice.sig

The signature is Ed25519 (RFC 8032) over the bytes of notice.txt: UTF-8, lines end with a line feed. The first line is
"{format}", then one line for each of page, kind, id, network (messages only), language and at; an empty line; the words
exactly as they were said; a line feed.

The signature is right: nobody changed the words since we signed them. Compare them with what you received. Look at the address of the
page, too: a stranger can sign notices of a page of their own.
"""


def how_file(page: PublicPage) -> bytes:
    """What a stranger needs to know, beside the keys."""
    return _HOW.format(page=page.url, keys=KEYS_PATH, format=FORMAT).encode()
