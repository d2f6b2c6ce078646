"""Mailboxes of invented subscribers: every mail that the demonstration's relay took, in the thread in which its reader sees it."""

from __future__ import annotations

import email.policy
from email.message import EmailMessage
from email.parser import BytesParser

from statuspage.demo.networks.truth import Entry
from statuspage.demo.networks.wire import Call, Reply
from statuspage.demo.networks.world import World

NAME, TITLE = "email", "E-mail"
API = ()  # spoken to by SMTP alone: see relay.py
INBOX = True  # its threads are shown as mail programs do: subject, sender, the newest opened


def answer(call: Call, world: World) -> Reply:
    """No path leads here."""
    return refusal("denied")


def refusal(kind: str) -> Reply:
    return Reply(404, {"error": "Mail is taken by SMTP alone."})


def keep(world: World, recipient: str, data: bytes) -> Entry | None:
    """Puts a mail into its reader's mailbox; None if it has no Message-ID or its text cannot be read.

    A second one with the same Message-ID is shown once, as mail programs do. The subject stands on the first line of the text.
    """
    message = BytesParser(policy=email.policy.default).parsebytes(data)
    number = _id(message, "Message-ID")
    body = message.get_body(("plain",))
    if not number or body is None:
        return None
    with world.truth.lock:
        known = world.truth.get(NAME, number)
        if known is not None:
            return known
        text = f"{message['Subject']}\n\n{body.get_content().replace(chr(13), '').strip()}"
        language = str(message["Content-Language"] or "") or None
        memory = {"from": str(message["From"])}
        return world.truth.add(
            NAME, recipient, number, text, reply_to=_id(message, "In-Reply-To") or None, language=language, memory=memory
        )


def _id(message: EmailMessage, header: str) -> str:
    return str(message[header] or "").strip().strip("<>")
