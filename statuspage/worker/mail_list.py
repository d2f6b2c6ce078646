"""Keeps the list of an account for mails or short messages as its file says.

A file with one mistake is refused whole; the list that was in force stays so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

from broadcasters import BROADCASTERS
from statuspage.actions.alarms import clear_alarm, raise_alarm
from statuspage.actions.context import Context
from statuspage.core.subscribers import BrokenList, Subscriber, read_list
from statuspage.outside import Folder
from statuspage.store import mails

LOOK_EVERY_S = 5.0
PAUSE_S = 0.02  # between two batches, so that others write, too
BATCH = 500
LARGEST = 64 * 1024 * 1024
SHOWN = 5  # problems in an alarm


class MailListKeeper:
    """Looks at one account's file. One owner at a time; killed anywhere, it reads the file again."""

    def __init__(self, ctx: Context, account: str) -> None:
        self.name = list_name(account)
        self._ctx, self._account = ctx, account
        self._path = Path(ctx.configs[account].list)
        self._module = BROADCASTERS[next(own.kind for own in ctx.settings.accounts if own.name == account)]
        self._file = Folder(self._path.parent)
        self._seen = ""  # digest of what was last looked at, and found right or wrong
        self._work: Iterator[None] | None = None

    def step(self) -> float:
        """A look at the file, or the next batch of a list that is being taken in."""
        if self._work is None:
            self._work = self._take_in()
        try:
            for _ in self._work:
                return PAUSE_S
        except Exception:
            self._work = None  # the store did not take it: all is read again
            raise
        self._work = None
        return LOOK_EVERY_S

    def _take_in(self) -> Iterator[None]:
        data, problem = self._read()
        digest = hashlib.sha256(data).hexdigest()
        if problem:
            self._refuse([problem])
        elif digest != self._seen:
            try:
                yield from self._replace(digest, data.decode("utf-8"))
            except UnicodeDecodeError as error:
                line = data[: error.start].count(b"\n") + 1
                self._refuse([f"{self._path.name}:{line}: this is not UTF-8. Save the file as UTF-8."], anew=True)
            except BrokenList as error:
                self._refuse(error.problems, anew=True)
            else:
                clear_alarm(self._ctx, f"list:{self._account}")
            self._seen = digest

    def _read(self) -> tuple[bytes, str]:
        """The file, and what is wrong with it as a whole."""
        try:
            data = self._file.read(PurePosixPath(self._path.name))
        except OSError as error:
            return b"", f"{self._path.name}: the file cannot be read: {error.strerror}."
        if data is None:
            return b"", f"{self._path.name}: there is no such file."
        if len(data) > LARGEST:
            return b"", f"{self._path.name}: the file has {len(data)} bytes, more than {LARGEST}."
        return data, ""

    def _replace(self, digest: str, text: str) -> Iterator[None]:
        """Writes the next edition in batches, then puts it in force in one go, then removes the one before."""
        store, settings = self._ctx.ports.store, self._ctx.settings
        with store.writing() as session:
            secret = bytes.fromhex(self._ctx.ports.random.token(64, "0123456789abcdef"))
            mails.begin_list(session, self._account, secret, self._ctx.now())
            known = mails.mail_list(session, self._account)
        languages = {one.language for one in settings.channels if one.account == self._account}
        rules = f"{digest} {settings.page.default_language} {sorted(languages)}"
        digest = hashlib.sha256(rules.encode()).hexdigest()
        if known is None:
            return
        yield from self._remove_others(known.edition)
        if known.digest == digest:
            return
        people = read_list(
            text,
            name=self._path.name,
            languages=languages,
            default=settings.page.default_language,
            fault=self._module.fault,
            secret=known.secret,
        )
        count = 0
        while batch := list(islice(people, BATCH)):
            self._add(known.edition + 1, batch)
            count += len(batch)
            yield
        with store.writing() as session:
            mails.put_in_force(session, self._account, known.edition + 1, digest, count, self._ctx.now())
        yield from self._remove_others(known.edition + 1)

    def _add(self, edition: int, batch: list[Subscriber]) -> None:
        with self._ctx.ports.store.writing() as session:
            mails.add_subscribers(session, self._account, edition, batch)

    def _remove_others(self, in_force: int) -> Iterator[None]:
        """What an older edition, or a reader that was killed, left behind."""
        removed = BATCH
        while removed == BATCH:
            with self._ctx.ports.store.writing() as session:
                removed = mails.remove_editions(session, self._account, in_force, BATCH)
            yield

    def _refuse(self, problems: list[str], *, anew: bool = False) -> None:
        """People are told what to put right; an address never stands in it. anew: in place of what they were told before."""
        key = f"list:{self._account}"
        with self._ctx.ports.store.reading() as session:
            known = mails.mail_list(session, self._account)
        meanwhile = (
            f"The list with {known.subscribers} subscribers stays in force."
            if known is not None and known.edition
            else "Nobody is told until it is put right; notices wait."
        )
        more = f" And {len(problems) - SHOWN} more." if len(problems) > SHOWN else ""
        if anew:
            clear_alarm(self._ctx, key)
        raise_alarm(self._ctx, key, f"The list of {self._account}: {' '.join(problems[:SHOWN])}{more} {meanwhile}")


def list_name(account: str) -> str:
    return f"mail-list-{account}"
