"""OAuth 2.0: a new access token for a refresh token (RFC 6749, section 6). Used by every network that renews credentials so."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import quote

from broadcasters.answers import word
from broadcasters.errors import OutcomeClass
from broadcasters.http import Http, Reading


def basic(user: str, secret: str) -> Mapping[str, str]:
    """The header by which a client says who it is (section 2.3.1: each part is form-encoded first)."""
    told = base64.b64encode(f"{quote(user, safe='')}:{quote(secret, safe='')}".encode()).decode()
    return {"Authorization": f"Basic {told}"}


def renewed(
    http: Http, url: str, refresh_token: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Mapping[str, str]:
    """`access_token`, and the `refresh_token` that counts from now on: the old one where the network gives no other.

    Store both before they are used. form: what the network wants besides. Raises Rejected (reauth) if the refresh token no longer
    counts.
    """
    return http.send(
        "POST",
        url,
        headers=headers or {},
        form={"grant_type": "refresh_token", "refresh_token": refresh_token, **(form or {})},
        create=False,
        interpret=lambda answer, _: Reading(OutcomeClass.REAUTH) if answer.status in (400, 401) else None,
        read=lambda answer: {
            "access_token": word(answer["access_token"]),
            "refresh_token": word(answer.get("refresh_token") or refresh_token),
        },
    )
