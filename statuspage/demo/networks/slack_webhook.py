"""An incoming webhook of Slack: takes a message, says "ok" and nothing else; its errors are one word in plain text."""

from __future__ import annotations

from statuspage.demo.networks import slack
from statuspage.demo.networks.accounts import account
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World

NAME, TITLE = "slack_webhook", "Slack, incoming webhook"
API = ("/services/",)


def answer(call: Call, world: World) -> Reply:
    owner = account("slack-webhook")
    if call.path != f"/services/{owner.token}" or call.method != "POST":
        return _word(404, "no_service")
    fields = call.fields()
    if not fields:
        return _word(400, "invalid_payload")
    if wrong := slack.wrong(fields):
        return _word(400, wrong)
    number = world.truth.next_number()
    world.truth.add(NAME, owner.name, str(number), slack.shown(fields))
    return _word(200, "ok")


def refusal(kind: str) -> Reply:
    match kind:
        case "429":
            return _word(429, "rate_limited")
        case "revoked":
            return _word(403, "invalid_token")
        case "denied":
            return _word(403, "action_prohibited")
        case "duplicate":
            return _word(409, "conflict")
        case _:
            return _word(500, "rollup_error")


def _word(status: int, word: str) -> Reply:
    return Reply(status, word.encode())
