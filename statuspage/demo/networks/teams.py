"""A Workflows webhook of Microsoft Teams: takes a card, says 202 and nothing else."""

from __future__ import annotations

from typing import Any

from statuspage.demo.networks.accounts import account
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World

NAME, TITLE = "teams", "Microsoft Teams"
API = ("/workflows/",)
MAXIMUM_BYTES = 28 * 1024
CARD = "application/vnd.microsoft.card.adaptive"


def answer(call: Call, world: World) -> Reply:
    owner = account("teams")
    if call.path != f"/workflows/{owner.id}/triggers/manual/paths/invoke" or call.method != "POST":
        return refusal("denied")
    if call.query.get("sig") != owner.token:
        return refusal("revoked")
    if len(call.body) > MAXIMUM_BYTES:
        return Reply(413, {"error": {"code": "RequestEntityTooLarge", "message": "The card is too large"}})
    (attachment,) = call.fields()["attachments"]
    card = attachment["content"]
    if call.fields()["type"] != "message" or attachment["contentType"] != CARD or card["type"] != "AdaptiveCard" or not card["body"]:
        return Reply(400, {"error": {"code": "InvalidRequestContent", "message": "There is no card"}})
    number = str(world.truth.next_number())
    link = next((str(action["url"]) for action in card.get("actions", [])), "")
    text = "\n".join(_line(block) for block in card["body"])
    world.truth.add(NAME, owner.name, number, text, language=card.get("lang"), memory={"link": link})
    return Reply(202)


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return Reply(429, {"error": {"code": "TooManyRequests", "message": "Rate limit is exceeded"}})
        case "revoked":
            return Reply(401, {"error": {"code": "DirectApiAuthorizationRequired", "message": "The signature does not fit"}})
        case "denied":
            return Reply(404, {"error": {"code": "WorkflowNotFound", "message": "The workflow could not be found"}})
        case "duplicate":
            return Reply(409, {"error": {"code": "Conflict", "message": "Seen before"}})
        case _:
            return Reply(502, {"error": {"code": "BadGateway", "message": "No answer from the flow"}})


def _line(block: dict[str, Any]) -> str:
    """What a reader sees of a block: a text block takes some signs for markup, a rich text block none."""
    if block["type"] == "TextBlock":
        return "".join(letter for letter in block["text"] if letter not in "*_[]")
    if not all(run["text"] for run in block["inlines"]):
        raise ValueError("a run without a letter")
    return "".join(str(run["text"]) for run in block["inlines"]).replace("\u00a0", "")
