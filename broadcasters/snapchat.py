"""Snapchat: the notice as a picture in the story of a public profile, for a day. API: https://developers.snap.com/api/marketing-api/Public-Profile-API

Thin, and off unless the configuration says `enable: true`: it was tried against our own demonstration network only, and Snapchat opens the
API to listed apps alone. There is no text, no reply, no edit. A picture is uploaded first, which nobody sees, and then put into the story;
the story tells which pictures are in it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from broadcasters import oauth, text
from broadcasters.answers import word
from broadcasters.errors import OutcomeClass, Rejected, Unavailable
from broadcasters.http import Http, checked_base, switched_on
from broadcasters.post import DeliveryClass, Post, Receipt, Remote

KIND = "snapchat"
CLASS = DeliveryClass.STAGED
MODES = ("new",)
PICTURES = True

T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """A public profile, and a listed app's access to it.

    enable         true, or nothing is accepted
    access_token   short-lived; empty at first: refresh() makes it from refresh_token and the app's id and secret
    """

    profile_id: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    enable: bool = False
    access_token: str = field(default="", repr=False)
    base_url: str = "https://businessapi.snapchat.com"
    sign_in_url: str = "https://accounts.snapchat.com"

    def __post_init__(self) -> None:
        switched_on(self.enable, "Snapchat")
        for name in ("base_url", "sign_in_url"):
            object.__setattr__(self, name, checked_base(getattr(self, name), name))


def limits(_: Config) -> text.Limits:
    """600 characters: what can be read in a picture that is seen for some seconds."""
    return text.Limits(text.Unit.CHARACTERS, 600)


def stage(post: Post, config: Config, http: Http) -> str:
    """Upload the picture, encrypted as Snapchat wants it; nobody sees it."""
    if post.image is None:
        raise Rejected(OutcomeClass.CONTENT, "Snapchat takes nothing but pictures, and there is none. Nothing was sent.")
    picture = _picture(post.image.url, http)
    # Snapchat is told the key with the upload; it hides nothing, for the picture is public. So it may be the same for every attempt.
    digest = hashlib.sha512(post.key.encode()).digest()
    key, start = digest[:32], digest[32:48]
    body = {"type": "IMAGE", "name": post.code, "key": base64.b64encode(key).decode(), "iv": base64.b64encode(start).decode()}
    media = _send(http, config, "POST", "media", json=body, read=lambda answer: word(answer["media_id"]))
    _send(http, config, "POST", f"media/{media}/upload", body=_encrypted(picture, key, start), read=lambda _: None)
    return media


def publish(container: str, post: Post, config: Config, http: Http) -> Receipt:
    """Put an uploaded picture into the story."""
    number = _send(http, config, "POST", "stories", json={"media_id": container}, create=True, read=lambda answer: word(answer["story_id"]))
    return Receipt(Remote(number))


def ask(container: str, post: Post, config: Config, http: Http) -> Receipt | None:
    """What became of a picture: the Receipt of its story; None if it is not in it."""
    stories = _send(http, config, "GET", "stories", read=lambda answer: list(answer["stories"]))
    mine = next((word(story["story_id"]) for story in stories if story["media_id"] == container), None)
    return None if mine is None else Receipt(Remote(mine))


def verify(config: Config, http: Http) -> str:
    """Which profile the token opens. Posts nothing."""
    name = _send(http, config, "GET", "", read=lambda answer: str(answer["display_name"]))
    return f"The token opens the public profile “{name}”."


def refresh(config: Config, http: Http) -> Mapping[str, str]:
    """A new access token, and a new refresh token where Snapchat gives one. Store both before they are used."""
    own = {"client_id": config.client_id, "client_secret": config.client_secret}
    return oauth.renewed(http, f"{config.sign_in_url}/login/oauth2/access_token", config.refresh_token, form=own)


def _picture(url: str, http: Http) -> bytes:
    """From our own page: where it has none just now, Snapchat refused nothing."""
    try:
        return http.fetch(url)
    except Rejected as error:
        raise Unavailable(OutcomeClass.RETRY, error.detail, single=True) from None


def _encrypted(picture: bytes, key: bytes, start: bytes) -> bytes:
    """AES-256-CBC with the usual padding."""
    padder = padding.PKCS7(algorithms.AES.block_size).padder()
    padded = padder.update(picture) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def _send(
    http: Http,
    config: Config,
    method: str,
    path: str,
    *,
    json: Any = None,
    body: bytes | None = None,
    create: bool = False,
    read: Callable[[Any], T],
) -> T:
    if not config.access_token:
        raise Rejected(OutcomeClass.REAUTH, "There is no access token for Snapchat yet. Nothing was sent.", code="NoToken")
    kind = {"Content-Type": "application/octet-stream"} if body is not None else {}
    headers = {"Authorization": f"Bearer {config.access_token}", **kind}
    url = f"{config.base_url}/v1/public_profiles/{config.profile_id}{f'/{path}' if path else ''}"
    return http.send(method, url, headers=headers, json=json, body=body, create=create, read=read)
