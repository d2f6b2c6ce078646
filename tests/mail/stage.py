"""A bank with an account for mails or short messages, a real database, the loopback: what a run needs to be a real one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from broadcasters import email, sms_list
from broadcasters.http import RequestsTransport
from statuspage.actions.context import Context
from statuspage.core.deliveries import Delivery
from statuspage.core.seal import OneKey, digest_of, seal
from statuspage.core.vocabulary import DeliveryState, NoticeKind, SubjectKind, UpdateMode
from statuspage.demo.networks.accounts import configs
from statuspage.outside import Folder, SystemClock, SystemRandomness
from statuspage.ports import Ports
from statuspage.settings import Settings
from statuspage.store import deliveries, mails
from statuspage.store.engine import Database
from statuspage.store.mails import MailList
from statuspage.store.tables import NoticeRow
from statuspage.worker.assemble import build_words, channel_infos
from statuspage.worker.dispatcher import Dispatcher
from statuspage.worker.mail_list import MailListKeeper

PAGE = "https://status.bank.example"
ACCOUNT = "mail"
KEY = b"k" * 32
PATIENCE_S = 300.0  # after this a test has failed; nothing waits so long when all is well


def config(port: int, folder: Path, **changes: Any) -> email.Config:
    values: dict[str, Any] = {
        "host": "127.0.0.1", "port": port, "security": "none", "sender": "status@bank.example", "list": str(folder / "people.csv"),
        "leave_to": "leave@bank.example", "per_second": 10_000.0, "connections": 1, "retry_s": 0.05,
    }  # fmt: skip
    return email.Config(**{**values, **changes})


def texting(url: str, folder: Path, **changes: Any) -> sms_list.Config:
    """The same for short messages at the demonstration networks."""
    values = {**configs(url)["sms-list"][1], "list": str(folder / "people.csv"), "per_second": 10_000.0, "connections": 1, "retry_s": 0.05}
    return sms_list.Config(**{**values, **changes})


def context(url: str, own: email.Config | sms_list.Config, **delivery: Any) -> Context:
    """The context of a bank whose only network is that one, in English and Spanish."""
    settings = Settings.model_validate(
        {
            "page": {"name": "Example Bank", "bank": "Example", "url": PAGE, "languages": ["en", "es"]},
            "components": [{"slug": "cards", "name": {"en": "Cards", "es": "Tarjetas"}}],
            "accounts": [{"name": ACCOUNT, "kind": kind_of(own), "config": {}}],
            "channels": [{"name": f"mail-{tongue}", "account": ACCOUNT, "language": tongue} for tongue in ("en", "es")],
            "delivery": {"backoff_base_s": 0.02, "deadline_s": 5.0, "breaker_trial_s": 0.05, **delivery},
        }
    )
    accounts = {ACCOUNT: own}
    ports = Ports(MovedClock(), SystemRandomness(), RequestsTransport(), Database(url), Folder(Path("/nonexistent")))
    return Context(ports, settings, build_words(settings), OneKey(KEY), accounts, {}, channel_infos(settings, accounts))


def kind_of(own: email.Config | sms_list.Config) -> str:
    return email.KIND if isinstance(own, email.Config) else sms_list.KIND


class MovedClock(SystemClock):
    """The machine's clocks; the one on the wall is ahead when a test says so."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


def people(number: int, language: str = "en") -> list[str]:
    return [f"person{index}@example.com,{language}" for index in range(number)]


@dataclass
class Office:
    """An account at work."""

    ctx: Context
    dispatcher: Dispatcher
    keeper: MailListKeeper

    @classmethod
    def opened(cls, url: str, own: email.Config | sms_list.Config, **delivery: Any) -> Office:
        ctx = context(url, own, **delivery)
        return cls(ctx, Dispatcher(ctx, ACCOUNT), MailListKeeper(ctx, ACCOUNT))

    def take_list(self, lines: Sequence[str]) -> MailList | None:
        """Writes the file and looks at it until its list is in force, or was refused."""
        Path(self.ctx.configs[ACCOUNT].list).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        while self.keeper.step() < 1.0:
            continue
        with self.ctx.ports.store.reading() as session:
            return mails.mail_list(session, ACCOUNT)

    def say(
        self, sequence: int = 1, *, subject: str = "incident1", language: str = "en", essential: bool = False, **changes: Any
    ) -> Delivery:
        """One notice on the channel of a language, as the actions write it."""
        row = told(sequence, subject, language, kind_of(self.ctx.configs[ACCOUNT]), essential=essential, **changes)
        with self.ctx.ports.store.writing() as session:
            about = {"subject_kind": "incident", "subject_id": subject, "sequence": sequence}
            session.add(NoticeRow(id=row.notice_id, kind=str(row.kind), created_at=row.created_at, **about))
            session.flush()
            deliveries.add(session, row)
        return row

    def until(self, true: Callable[[], object]) -> None:
        """Works until it is true."""
        end = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end, f"nothing happened within {PATIENCE_S:.0f} s: {self.row_details()}"
            self.ctx.ports.clock.wait(min(self.dispatcher.step(), 0.05))

    def settled(self, *rows: Delivery) -> list[Delivery]:
        """Works until these are settled or stuck."""
        self.until(lambda: all(self.now(row).state.final or self.now(row).state is DeliveryState.STUCK for row in rows))
        return [self.now(row) for row in rows]

    def now(self, row: Delivery) -> Delivery:
        with self.ctx.ports.store.reading() as session:
            return deliveries.get(session, row.id)

    def counts(self, row: Delivery) -> dict[str, int]:
        with self.ctx.ports.store.reading() as session:
            return mails.counts(session, row.id)

    def row_details(self) -> list[str]:
        with self.ctx.ports.store.reading() as session:
            return [f"{row.id} {row.state} {row.detail}" for row in deliveries.listing(session)]

    def close(self) -> None:
        self.dispatcher.close()
        self.ctx.ports.store.close()  # type: ignore[attr-defined]


def told(sequence: int, subject: str, language: str, kind: str = email.KIND, *, essential: bool = False, **changes: Any) -> Delivery:
    name = f"{subject}-{sequence}-{language}"
    code = "".join(random.Random(name).choices("23456789ABCDEFGH", k=7))
    words = f"Cards\n\nStatement {sequence} of {subject}. {PAGE}/u/{code}\n\nTo leave the list:\n{email.leave_line(PAGE)}"
    words = words if kind == email.KIND else f"Cards: statement {sequence} of {subject}. Ref {code}"
    row = Delivery(
        id=_id("d", name), notice_id=_id("n", name), subject_kind=SubjectKind.INCIDENT, subject_id=subject, sequence=sequence,
        kind=NoticeKind.CORRECTION if essential else NoticeKind.INVESTIGATING, channel=f"mail-{language}", account=ACCOUNT, network=kind,
        language=language, mode=UpdateMode.REPLY, text=words, text_alone=words, story="", code=code, digest=digest_of(words, words, ""),
        state=DeliveryState.QUEUED, created_at=datetime.now(UTC) - timedelta(seconds=60 - sequence), essential=essential,
    )  # fmt: skip
    row = replace(row, **changes)
    return replace(row, seal=seal(row, KEY))


def _id(letter: str, name: str) -> str:
    return letter + "".join(random.Random(letter + name).choices("0123456789abcdefghijklmnopqrstuvwxyz", k=11))
