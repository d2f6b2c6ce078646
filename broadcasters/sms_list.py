"""Short messages to a list of numbers, by Twilio or a service that speaks its API: to each what sms.py sends to one.

A server fault may still have sent, and nothing is remembered by key: before a message is sent to a number a second time, what that number
was sent is read back. People leave by answering STOP: the service then refuses their number itself.

A refusal speaks of the one number unless it is known to speak of the account or the text: the service adds codes for numbers all the time.
What is wrong with all of them in a way that is not listed shows when the first FIRST are refused and none is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from broadcasters import sms, text
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected
from broadcasters.http import Http
from broadcasters.parts import message_parts
from broadcasters.post import DeliveryClass, Found, Post
from broadcasters.runs import ACCOUNT, Errand, Recipient, check_list, check_pace

KIND = "sms_list"
CLASS = DeliveryClass.BLIND  # nothing can be read back of a whole run: a row that comes from a backup is a person's business
MODES = ("new",)
RUN = True  # a delivery is a run over a list; see runs.py
SMS = True
EARLIER = timedelta(hours=3)  # a wall clock may have been two hours off when the run began
_NOBODY = "+10000000"
FIRST = 20  # so many numbers are tried with a text or a request that the service takes for nobody
# Source: Twilio's error and warning dictionary, https://www.twilio.com/docs/api/errors
_OF_THE_ACCOUNT = ("10001", "20005", "20403", "20404", "90010")  # not active, forbidden, not there
_OF_THE_SENDER = ("21601", "21603", "21606", "21607", "21611", "21659", "21660", "21661", "21705", "30127")  # none, not ours, not able to
_OF_THE_TEXT = ("21602", "21617")  # empty, too long
_OF_EVERYBODY = frozenset((*_OF_THE_ACCOUNT, *_OF_THE_SENDER, *_OF_THE_TEXT))


@dataclass(frozen=True)
class Config:
    """One sender and a list.

    list          path, counted from the configuration's folder: one subscriber a line, NUMBER or NUMBER,LANGUAGE
    per_second    pace in messages; a long number sends about one part a second, ask for more
    connections   requests under way at once
    retry_s       first pause after "not now", doubled each time
    the others    as of kind sms
    """

    account_sid: str
    sender: str
    list: str
    auth_token: str = field(repr=False)
    key_sid: str = ""
    max_parts: int = 2
    valid_s: int = 3600
    base_url: str = "https://api.twilio.com"
    per_second: float = 1.0
    connections: int = 4
    retry_s: float = 60.0

    def __post_init__(self) -> None:
        check_list(self.list)
        check_pace(self.per_second, self.connections, self.retry_s)
        self.to(_NOBODY)

    def located(self, folder: Path) -> Config:
        """The same with a path that holds from anywhere."""
        return replace(self, list=str(folder / self.list))

    def to(self, number: str) -> sms.Config:
        """The same for one number. Raises ValueError."""
        return sms.Config(
            account_sid=self.account_sid,
            sender=self.sender,
            recipient=number,
            auth_token=self.auth_token,
            key_sid=self.key_sid,
            max_parts=self.max_parts,
            valid_s=self.valid_s,
            base_url=self.base_url,
        )


def limits(config: Config) -> text.Limits:
    """As for one number."""
    return sms.limits(config.to(_NOBODY))


def verify(config: Config, http: Http) -> str:
    """Whether the account takes the key. Sends nothing."""
    sms.sign_in(config.to(_NOBODY), http)
    return f"The account {config.account_sid} takes the key; messages go from {config.sender} to the numbers of the list."


def fault(address: str) -> str:
    """What is wrong with a number of the list, without repeating it; "" if nothing is."""
    if sms.is_number(address):
        return ""
    return "this is no telephone number. Allowed is one with + and country code, without spaces, like +34600000001."


class Requests:
    """The way to the service: a connection for each message, which its deadline ends."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def quit(self) -> None:
        """Nothing is open between two messages."""

    def cut(self) -> None:
        """The deadline of the request does."""


def opener(config: Config, way: Http, *, deadline_s: float, connect_timeout_s: float) -> Callable[[], Requests]:
    """Nothing to open: `way` keeps the deadlines."""
    return lambda: Requests(way)


@dataclass(frozen=True)
class Draft:
    """One notice as a short message, but for the number."""

    post: Post
    config: Config
    taker = "the service"
    in_doubt, looks = "looked for, and sent again where they are not found", True
    refused_first = FIRST

    @property
    def noun(self) -> str:
        """Each part is charged."""
        parts = message_parts(self.post.text)
        return f"Messages of {parts} part{'s' if parts > 1 else ''}"

    def errand(self, to: Recipient) -> Errand:
        own = self.config.to(to.address)

        def send(line: Requests) -> str:
            try:
                found = self._found(own, line) if to.doubtful else None
                return f"{found.remote.id}, found" if found else sms.broadcast(self.post, own, line.http).remote.id
            except BroadcastError as error:
                if _of_everybody(error, looking=to.doubtful):
                    error.code = ACCOUNT
                raise

        return send

    def _found(self, own: sms.Config, line: Requests) -> Found | None:
        """What the service has of it. That it will not say speaks of the question: whoever may not read may still send."""
        try:
            return sms.find(self.post.code, self.post.created_at - EARLIER, own, line.http)
        except BroadcastError as error:
            error.single = True
            raise


def _of_everybody(error: BroadcastError, *, looking: bool) -> bool:
    """True if it speaks of the account, its sender or the text. looking: it may be the answer to a question, which no number spoils."""
    if not isinstance(error, Rejected) or error.outcome in (OutcomeClass.REAUTH, OutcomeClass.BILLING) or error.code in _OF_EVERYBODY:
        return True
    return looking and error.outcome is not OutcomeClass.GONE


def draft(words: str, language: str, config: Config, *, code: str, run: str, root: str, page: str, at: datetime) -> Draft:
    """Makes the message of a notice. code: by which it is found again; it stands in the words. root, page: for mails."""
    return Draft(Post(words, language, run, code, at), config)
