"""How Facebook, Instagram and Threads say that something is wrong."""

from __future__ import annotations

from typing import Any

from statuspage.demo.networks.wire import Reply


def error(status: int, code: int, message: str, subcode: int | None = None, transient: bool = False) -> Reply:
    """An error of the Graph API."""
    told: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "is_transient": transient, "fbtrace_id": "ADemo"}
    return Reply(status, {"error": told | ({"error_subcode": subcode} if subcode else {})})


def refusal(kind: str) -> Reply:
    """See world.Network."""
    match kind:
        case "429":
            return error(400, 32, "Page request limit reached")
        case "revoked":
            return error(400, 190, "Error validating access token", subcode=460)
        case "expired":
            return error(400, 190, "Error validating access token: Session has expired", subcode=463)
        case "denied":
            return error(403, 200, "Permissions error")
        case "duplicate":
            return error(400, 506, "Duplicate status message")
        case _:
            return error(500, 2, "An unexpected error has occurred. Please retry your request later.", transient=True)
