"""E-mail to a list of subscribers, through the bank's own relay.

A post here is a run over many people: the words are made into one mail per language, once, and for each person a few headers and the
address at which they leave the list are put in between as bytes. Who got it stands in a ledger that is none of this module's business.

Sources: RFC 5321 (SMTP), 5322 and 2047 (headers), 2045 (quoted-printable), 2919 (List-Id), 3834 (Auto-Submitted), 8058 (one click).
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from functools import partial
from pathlib import Path

from broadcasters import dkim, text
from broadcasters.errors import BroadcastError, OutcomeClass, Rejected, Unavailable, Uncertain
from broadcasters.http import checked_base
from broadcasters.post import DeliveryClass
from broadcasters.runs import ACCOUNT, Errand, Recipient, check_list, check_pace
from broadcasters.smtp import Line, MailTransport, Refused, Server
from broadcasters.wire import NoAnswer, NotSent

KIND = "email"
CLASS = DeliveryClass.BLIND  # nothing can be read back: a row that comes from a backup is a person's business
MODES = ("reply",)
RUN = True  # a delivery is a run over a list; see statuspage/worker/mailer.py
MAIL = True  # texts in the form of a mail: a line for the subject, the whole text, where to leave the list
LONGEST = 50_000
LEAVE_MARK = "/unsubscribe/…"  # how the frozen text ends its address for leaving: each mail has its own token in place of the last letter

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_ADDRESS = re.compile(rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_LOCAL}@(?:{_LABEL}\.)+{_LABEL}")
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True)
class Config:
    """A relay, a sender and a list.

    security          starttls or tls, both verified; none only for a relay on this machine
    user, password    of the relay; without a user nobody signs in
    ca_file, list     paths, counted from the configuration's folder. list: one subscriber a line, ADDRESS or ADDRESS,LANGUAGE
    sender            address of the From line; sender_name: the bank's name beside it
    leave_to          address that takes mails of people who wish to leave the list
    leave_url         where /unsubscribe/ reaches the product, if not at the page's own address: a bucket takes no POST
    bounces_to        address to which mail is returned: each returned mail names its recipient in a tag (box+TAG@domain)
    per_second, connections    pace, over all connections; how many are open at once
    retry_s           first pause after "not now", doubled each time; a relay that greylists wants five minutes
    answer_s          patience with the answer to the end of a mail
    dkim_*            sign with this key; without, the relay signs
    """

    host: str
    sender: str
    list: str
    leave_to: str
    leave_url: str = ""
    password: str = field(default="", repr=False)
    user: str = ""
    port: int = 587
    security: str = "starttls"
    ca_file: str = ""
    sender_name: str = ""
    bounces_to: str = ""
    list_id: str = ""
    per_second: float = 20.0
    connections: int = 4
    retry_s: float = 300.0
    answer_s: float = 600.0
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        _check_relay(self)
        for name in ("sender", "leave_to", *(["bounces_to"] if self.bounces_to else [])):
            if not _ADDRESS.fullmatch(getattr(self, name)):
                raise ValueError(f"{name}: found {getattr(self, name)!r}, allowed is one address like status@bank.example")
        if any(not letter.isprintable() for letter in self.sender_name) or len(self.sender_name) > 100:
            raise ValueError("sender_name: allowed are up to 100 printable letters on one line")
        check_list(self.list)
        if self.leave_url:
            object.__setattr__(self, "leave_url", checked_base(self.leave_url, "leave_url"))
        if self.list_id and not _DOMAIN.fullmatch(self.list_id):
            raise ValueError(f"list_id: found {self.list_id!r}, allowed is a name like status.bank.example")
        check_pace(self.per_second, self.connections, self.retry_s)
        if not 0 < self.answer_s <= 3600:
            raise ValueError(f"answer_s: found {self.answer_s}, allowed are more than 0 and up to 3600 seconds")
        if self.dkim_domain or self.dkim_selector or self.dkim_key:
            _check_dkim(self)

    def located(self, folder: Path) -> Config:
        """The same with paths that hold from anywhere."""
        return replace(self, list=str(folder / self.list), ca_file=str(folder / self.ca_file) if self.ca_file else "")

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]


def _check_relay(config: Config) -> None:
    local = config.host in ("127.0.0.1", "::1", "localhost")
    if config.security not in ("starttls", "tls", "none") or (config.security == "none" and not local):
        raise ValueError(
            f"security: found {config.security!r}, allowed are starttls and tls (none only for a relay on this machine). "
            "Nothing is sent until this is changed."
        )
    if not (local or _DOMAIN.fullmatch(config.host) or re.fullmatch(r"[0-9.]+|[0-9a-f:]+", config.host)):
        raise ValueError(f"host: found {config.host!r}, allowed is the relay's name or address, without a port")
    if not 1 <= config.port <= 65535:
        raise ValueError(f"port: found {config.port}, allowed are 1 to 65535; usual are 587 and 465")
    if bool(config.user) != bool(config.password):
        raise ValueError("user: user and password belong together; write both or neither")
    if any(not letter.isprintable() for letter in config.user + config.password):
        raise ValueError("user: user and password stand on one line each, without control characters")


def _check_dkim(config: Config) -> None:
    for name, pattern in (("dkim_domain", _DOMAIN), ("dkim_selector", _SELECTOR)):
        if not pattern.fullmatch(getattr(config, name)):
            raise ValueError(f"{name}: found {getattr(config, name)!r}; domain, selector and key belong together")
    if not f".{config.domain.lower()}".endswith(f".{config.dkim_domain.lower()}"):
        raise ValueError(f"dkim_domain: found {config.dkim_domain!r}; DMARC wants the sender's domain {config.domain!r}, or one above it")
    dkim.signer(config.dkim_domain, config.dkim_selector, config.dkim_key)


def is_address(value: str) -> bool:
    """True for an address of plain ASCII that every relay takes; of two names that differ only in case both are."""
    return _ADDRESS.fullmatch(value) is not None


def fault(address: str) -> str:
    """What is wrong with an address of the list, without repeating it; "" if nothing is."""
    if is_address(address):
        return ""
    allowed = "Allowed is an address like name@example.com in plain letters; an accented domain in its xn-- form."
    if len(address) > 254:
        return f"the address has {len(address)} letters, more than the 254 that mail knows. {allowed}"
    if address.count("@") != 1:
        return f"the address has {address.count('@')} times @, and it needs one. {allowed}"
    if not address.isascii():
        return f"the address has a letter with an accent or of another script. {allowed}"
    return f"this is no address that mail can go to. {allowed}"


def limits(config: Config) -> text.Limits:
    """No limit of mail's own: far above what a notice ever has."""
    return text.Limits(text.Unit.BYTES, LONGEST)


def server(config: Config, *, deadline_s: float, connect_timeout_s: float) -> Server:
    return Server(
        host=config.host,
        port=config.port,
        security=config.security,
        user=config.user,
        password=config.password,
        ca_file=config.ca_file,
        hello=config.domain,
        connect_timeout_s=connect_timeout_s,
        deadline_s=deadline_s,
        answer_s=config.answer_s,
    )


def opener(config: Config, way: MailTransport, *, deadline_s: float, connect_timeout_s: float) -> Callable[[], Line]:
    """What opens signed-in connections to the relay."""
    return partial(open_line, way, server(config, deadline_s=deadline_s, connect_timeout_s=connect_timeout_s))


def open_line(mail: MailTransport, to: Server) -> Line:
    """A signed-in connection. Raises Unavailable or Rejected; nothing was sent."""
    try:
        return mail.open(to)
    except NotSent as error:
        raise Unavailable(OutcomeClass.RETRY, f"{to.host} was not reached: {error}. Nothing was sent.", code=ACCOUNT) from None
    except Refused as error:
        raise meaning(error, to.host) from None


def verify(config: Config, mail: MailTransport) -> str:
    """Connects, signs in, says NOOP: a proof that the relay answers and knows us. Sends nothing."""
    line = open_line(mail, server(config, deadline_s=30.0, connect_timeout_s=5.0))
    try:
        said = line.noop()
    except NotSent as error:
        raise Unavailable(OutcomeClass.RETRY, f"{config.host}: {error}. Nothing was sent.") from None
    except Refused as error:
        raise meaning(error, config.host) from None
    finally:
        line.quit()
    who = f"signed in as {config.user}" if config.user else "not signed in, since the configuration names no user"
    return f"{config.host} answers ({said}); {who}; mails come from {config.sender}"


# --- what an answer means ---------------------------------------------------------------------------------------------------------


def meaning(error: Refused, host: str) -> BroadcastError:
    """A refusal in our words. `code` of the error: "relay" if it speaks of us, and of every mail; "" if of one recipient or mail.

    Source: RFC 5321, 4.2 and RFC 3463; contracts of the channels, section 7.3.
    """
    words = f"{host} answered {error.code}{f' ({error.said})' if error.said else ''}"
    ours = error.step in ("hello", "sign_in", "sender") or error.code == 421
    code = ACCOUNT if ours else ""
    if error.code in (530, 534, 535, 538) or error.step == "sign_in":
        kind = Unavailable if 400 <= error.code < 500 and error.code != 432 else Rejected
        outcome = OutcomeClass.RETRY if kind is Unavailable else OutcomeClass.REAUTH
        return kind(outcome, f"{words} to our sign-in.", code=ACCOUNT)
    if error.code < 500:
        return Unavailable(OutcomeClass.RETRY, f"{words}.", code=code)
    if error.enhanced.startswith("5.2.2") or (error.code == 552 and error.enhanced.startswith("5.2")):
        return Unavailable(OutcomeClass.RETRY, f"{words}: the mailbox is full.", code=code)
    if error.enhanced.startswith("5.7"):
        return Rejected(OutcomeClass.DENIED, f"{words}.", code=code)
    if error.step == "content":
        return Rejected(OutcomeClass.CONTENT, f"{words}.", code=code)
    return Rejected(OutcomeClass.DENIED if ours else OutcomeClass.GONE, f"{words}.", code=code)


def hand_over(line: Line, sender: str, recipient: str, content: bytes, host: str) -> str:
    """Sends one mail; what the relay said. Raises Rejected, Unavailable or Uncertain; after `code` "relay" the line is of no more use."""
    try:
        return line.send(sender, recipient, content)
    except Refused as error:
        raise meaning(error, host) from None
    except NotSent as error:
        raise Unavailable(OutcomeClass.RETRY, f"{host}: {error}. It has not taken the mail.", code=ACCOUNT) from None
    except NoAnswer as error:
        why = f"{host}: {error}: it may have taken the mail. It is sent again under the same Message-ID."
        raise Uncertain(OutcomeClass.AMBIGUOUS, why, code=ACCOUNT) from None


# --- the mail ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Letter:
    """One notice in one language as a mail, but for what differs from person to person.

    before, after   the body around the token; bounces: local part and domain of the envelope's sender
    """

    noun, taker = "Mails", "the relay"
    in_doubt, looks, refused_first = "sent again under the same Message-ID", False, 0

    fixed: tuple[tuple[bytes, bytes], ...]
    before: bytes
    after: bytes
    domain: str
    run: str
    root: str
    leave: str
    leave_to: str
    bounces: tuple[str, str]
    tagged: bool
    signed_at: int
    signer: dkim.Signer | None
    host: str

    def errand(self, to: Recipient) -> Errand:
        """One person's mail, ready to be handed over."""
        content, sender = self.content(to.address, to.tag, to.token), self.envelope(to.tag)
        return lambda line: hand_over(line, sender, to.address, content, self.host)

    def envelope(self, tag: str) -> str:
        """Where this person's mail goes back to if it cannot be handed on."""
        box, domain = self.bounces
        return f"{box}+{tag}@{domain}" if self.tagged else f"{box}@{domain}"

    def message_id(self, tag: str) -> str:
        """The same for every attempt: receivers then show one mail."""
        return f"<{self.run}.{tag}@{self.domain}>"

    def content(self, address: str, tag: str, token: str) -> bytes:
        """The whole mail as it goes over the line: CRLF, doubled dots.

        tag     stands for this person in ids; shows nothing of the address
        token   lets this person leave the list
        """
        first = f"<{self.root}.{tag}@{self.domain}>".encode() if self.root else b""
        own = [
            (b"To", b"<" + address.encode("ascii") + b">"),
            (b"Message-ID", self.message_id(tag).encode()),
            *([(b"In-Reply-To", first), (b"References", first)] if first else []),
            (b"List-Unsubscribe", f"<{self.leave}{token}>,\r\n <mailto:{self.leave_to}?subject=leave%20{token}>".encode()),
        ]
        headers = [*self.fixed, *own]
        body = self.before + token.encode() + self.after
        if self.signer is not None:
            headers.insert(0, self.signer.header(headers, body, self.signed_at))
        head = b"".join(b"%s: %s\r\n" % header for header in headers)
        return head + b"\r\n" + re.sub(rb"(?m)^\.", b"..", body)


def letter(words: str, language: str, config: Config, *, run: str, root: str, page: str, at: datetime) -> Letter:
    """Makes the mail of a notice.

    words   the frozen text: the subject on its first line, and a line that ends with LEAVE_MARK
    run     id of this run; root: id of the first run of the same incident that reached anybody, "" if this is it
    page    address of the public page, without a slash at the end
    at      when the run began: every mail of it carries this Date
    """
    subject, _, rest = words.partition("\n")
    line = leave_line(page, config)
    leave = line[:-1]
    before, mark, after = rest.lstrip("\n").partition(line)
    if not mark:
        raise ValueError("the text of a mail has no place for the address at which people leave the list")
    name = config.list_id or f"status.{config.domain}"
    fixed = (
        (b"From", _from(config)),
        (b"Subject", _encoded("Subject", _clean(subject))),
        (b"Date", format_datetime(at).encode()),
        (b"MIME-Version", b"1.0"),
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Transfer-Encoding", b"quoted-printable"),
        (b"Content-Language", language.encode("ascii")),
        (b"Auto-Submitted", b"auto-generated"),
        (b"Precedence", b"bulk"),
        (b"List-Id", f"<{name}>".encode("ascii")),
        (b"Feedback-ID", f"{run}:{language}:notice:statuspage".encode("ascii")),  # by it Gmail counts complaints
        (b"List-Unsubscribe-Post", b"List-Unsubscribe=One-Click"),
    )
    box, _, domain = (config.bounces_to or config.sender).rpartition("@")
    return Letter(
        fixed=fixed,
        before=_quoted(_clean_text(before + leave)) + b"=\r\n",  # the line goes on with the token
        after=_quoted(_clean_text(after)) + b"\r\n",
        domain=config.domain,
        run=run,
        root=root,
        leave=leave,
        leave_to=config.leave_to,
        bounces=(box, domain),
        tagged=bool(config.bounces_to),
        signed_at=int(at.timestamp()),
        signer=dkim.signer(config.dkim_domain, config.dkim_selector, config.dkim_key) if config.dkim_key else None,
        host=config.host,
    )


def draft(words: str, language: str, config: Config, *, code: str, run: str, root: str, page: str, at: datetime) -> Letter:
    """See letter(). code stands in the words already."""
    return letter(words, language, config, run=run, root=root, page=page, at=at)


def leave_line(page: str, config: Config | None = None) -> str:
    """What a frozen text says where each mail has its own address for leaving the list."""
    return f"{(config.leave_url if config else '') or page}{LEAVE_MARK}"


def _from(config: Config) -> bytes:
    name = _encoded("From", _clean(config.sender_name), quoted=True) if config.sender_name else b""
    return name + (b" " if name else b"") + f"<{config.sender}>".encode("ascii")


def _encoded(field_name: str, value: str, *, quoted: bool = False) -> bytes:
    """A header's text in ASCII, folded with CRLF."""
    if value.isascii() and "=?" not in value:  # which would be read as an encoded word
        plain = '"' + re.sub(r'(["\\])', r"\\\1", value) + '"' if quoted else value
        if len(plain) + len(field_name) < 70:
            return plain.encode("ascii")
    return Header(value, "utf-8", maxlinelen=74, header_name=field_name).encode(linesep="\r\n").encode("ascii")


def _clean(value: str) -> str:
    """One line without control characters or halves of letters: nothing in it can begin another header."""
    return " ".join(_visible(value).split())


def _clean_text(value: str) -> str:
    return "\n".join(_visible(line) for line in re.split(r"\r\n|\r|\n", value))


def _visible(line: str) -> str:
    return "".join(" " if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in line)


def _quoted(value: str) -> bytes:
    return binascii.b2a_qp(value.encode(), istext=True).replace(b"\n", b"\r\n")
