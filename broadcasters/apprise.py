"""Every other service, through the library Apprise: https://appriseit.com/services/

The library sends by itself, and says only whether it went well: not why it did not, nor whether it arrived all the same. So whatever is
not a clear success may have been published, and nothing can be looked for.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from broadcasters import text
from broadcasters.errors import OutcomeClass, Uncertain
from broadcasters.http import Http
from broadcasters.post import DeliveryClass, Post, Receipt, Remote

KIND = "apprise"
CLASS = DeliveryClass.BLIND
MODES = ("new",)
ASKABLE = False  # nothing without sending: verify() only says what would be done
DEADLINE_S = 25.0
LONGEST = 16_000

logging.getLogger("apprise").addFilter(lambda record: False)  # its words may hold what is in the address


@dataclass(frozen=True)
class Config:
    """One service, as the library names it: e.g. rocket://…, zulip://…, pover://…. The whole address is a secret."""

    url: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.url.split()) != 1 or _service(self.url) is None:
            scheme = self.url.partition("://")[0] if "://" in self.url else ""
            found = f"the beginning {scheme + '://'!r}" if scheme.isalnum() else "no beginning like slack://"
            raise ValueError(
                f"url: Apprise cannot read it; found {found}, the rest is not shown. Allowed is one address of a service that Apprise knows"
            )


def limits(config: Config) -> text.Limits:
    """As much as the library says that the service takes."""
    return text.Limits(text.Unit.UTF16, min(int(_service(config.url).body_maxlen), LONGEST))


def broadcast(post: Post, config: Config, http: Http) -> Receipt:
    """Hand one notice to the service. Raises Uncertain for all that is no clear success. The receipt's id is our own."""
    sender = _library().Apprise(asset=_asset())
    sender.add(config.url)
    if sender.notify(body=post.text, body_format="text", interpret_escapes=False):
        return Receipt(Remote(post.key))
    name = _service(config.url).service_name
    raise Uncertain(
        OutcomeClass.AMBIGUOUS, f"Apprise did not get a success from {name}, and says no more. The post may have been published."
    )


def verify(config: Config, http: Http) -> str:
    """Nothing can be asked of a service through the library without sending: says only which one it is."""
    service, host = _service(config.url), urlsplit(config.url).scheme
    return f"Apprise would hand notices to {service.service_name} ({host}://…); whether it takes them shows with the first."


def _library() -> Any:
    import apprise  # here, because it takes a third of a second that only its users should wait

    return apprise


def _asset() -> Any:
    """One attempt, in good time, nothing kept on disk, no redirect followed, no word of the text changed."""
    asset = _library().AppriseAsset(storage_mode="memory", async_mode=False, service_timeout=DEADLINE_S, allow_templates=False)
    asset.http_redirects, asset.interpret_emojis, asset.app_id = False, False, "statuspage"
    return asset


def _service(url: str) -> Any:
    return _library().Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
