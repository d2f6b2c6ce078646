"""What was truly posted: the list that no fault of a network can change. Kept as lines of JSON, so that it survives a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any


@dataclass(frozen=True)
class Revision:
    """An earlier wording, and until when it stood."""

    text: str
    until: datetime


@dataclass(frozen=True)
class Entry:
    """One post that a network took.

    number     place in the order in which networks took posts, from 1
    root       id of the first post of the thread; its own id for a post that begins one
    revisions  earlier wordings, oldest first; () if never edited
    removed_at when somebody took it down; None: it stands
    memory     what the network itself remembers with it (key, content id)
    """

    number: int
    network: str
    account: str
    id: str
    text: str
    at: datetime
    in_reply_to: str | None = None
    root: str = ""
    language: str | None = None
    url: str | None = None
    revisions: tuple[Revision, ...] = ()
    removed_at: datetime | None = None
    memory: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The documented form of GET /truth."""
        return {
            "network": self.network,
            "account": self.account,
            "id": self.id,
            "in_reply_to": self.in_reply_to,
            "root": self.root,
            "text": self.text,
            "revisions": [{"text": one.text, "until": one.until.isoformat()} for one in self.revisions],
            "language": self.language,
            "at": self.at.isoformat(),
            "url": self.url,
            "picture": self.memory.get("picture") or None,
            "alt": self.memory.get("alt") or None,
            "removed_at": self.removed_at.isoformat() if self.removed_at else None,
        }


class Truth:
    """All posts of all networks. Safe to use from several threads; `lock` makes several steps one."""

    def __init__(self, file: Path, now: Callable[[], datetime]) -> None:
        self.now = now
        self.lock = threading.RLock()
        self._entries: dict[tuple[str, str], Entry] = {}
        self._file = _opened(file, self._replay)

    def close(self) -> None:
        with self.lock:
            self._file.close()

    def next_number(self) -> int:
        """The number that the next post will have."""
        return len(self._entries) + 1

    def add(
        self,
        network: str,
        account: str,
        id: str,
        text: str,
        *,
        reply_to: str | None = None,
        language: str | None = None,
        url: str | None = None,
        memory: Mapping[str, str] | None = None,
    ) -> Entry:
        """Take a post. A reply to a post that is not there begins a thread of its own, as far as anybody can see."""
        with self.lock:
            parent = self.get(network, reply_to) if reply_to else None
            root = parent.root if parent else id
            entry = Entry(
                self.next_number(), network, account, id, text, self.now(), reply_to, root, language, url, memory=dict(memory or {})
            )
            self._keep(entry)
            return entry

    def edit(self, entry: Entry, text: str, language: str | None = None) -> Entry:
        """Give a post another wording; the same wording changes nothing."""
        with self.lock:
            if text == entry.text:
                return entry
            revisions = (*entry.revisions, Revision(entry.text, self.now()))
            edited = replace(entry, text=text, language=language or entry.language, revisions=revisions)
            self._keep(edited)
            return edited

    def remove(self, network: str, id: str) -> bool:
        """Take a post down, as a network's staff does. False if there is no such post."""
        with self.lock:
            entry = self.get(network, id)
            if entry is not None:
                self._keep(replace(entry, removed_at=self.now()))
            return entry is not None

    def get(self, network: str, id: str) -> Entry | None:
        """A post that stands, or None."""
        with self.lock:
            entry = self._entries.get((network, id))
            return entry if entry and entry.removed_at is None else None

    def all(self) -> list[Entry]:
        """Every post ever taken, removed ones too, in the order in which they were taken."""
        with self.lock:
            return list(self._entries.values())  # an edited post keeps its place

    def timeline(self, network: str, account: str | None = None, lag_s: float = 0.0) -> list[Entry]:
        """Posts that stand, newest first; those of the last lag_s seconds are not yet shown."""
        until = self.now() - timedelta(seconds=lag_s)
        shown = [
            entry
            for entry in self.all()
            if entry.network == network
            and account in (None, entry.account)
            and entry.removed_at is None
            and (not lag_s or entry.at <= until)
        ]
        return shown[::-1]

    def _keep(self, entry: Entry) -> None:
        self._entries[entry.network, entry.id] = entry
        self._file.write(json.dumps({"number": entry.number, "memory": dict(entry.memory), **entry.as_json()}, ensure_ascii=False) + "\n")
        self._file.flush()

    def _replay(self, line: str) -> None:
        try:
            fields = json.loads(line)
        except ValueError:
            return  # the last line of a process that was killed while it wrote
        moment = datetime.fromisoformat
        entry = Entry(
            number=fields["number"],
            network=fields["network"],
            account=fields["account"],
            id=fields["id"],
            text=fields["text"],
            at=moment(fields["at"]),
            in_reply_to=fields["in_reply_to"],
            root=fields["root"],
            language=fields["language"],
            url=fields["url"],
            revisions=tuple(Revision(one["text"], moment(one["until"])) for one in fields["revisions"]),
            removed_at=moment(fields["removed_at"]) if fields["removed_at"] else None,
            memory=fields["memory"],
        )
        self._entries[entry.network, entry.id] = entry


def _opened(file: Path, replay: Callable[[str], None]) -> IO[str]:
    """The file, ready to be added to, after every line in it was replayed; a line cut short is ended."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    for line in text.splitlines():
        replay(line)
    opened = file.open("a", encoding="utf-8")
    if text and not text.endswith("\n"):
        opened.write("\n")
    return opened
