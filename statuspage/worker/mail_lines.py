"""Several ways to whoever takes mails or short messages, each with a thread of its own that hands over one at a time."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

import structlog

from broadcasters.errors import BroadcastError, OutcomeClass, Uncertain
from broadcasters.runs import ACCOUNT, Errand, Line

log = structlog.get_logger("statuspage.mail")


@dataclass(frozen=True)
class Parcel:
    """One message on its way.

    make    made ready where it is sent
    fresh   False if too long passed since its intent was committed
    quiet   so long nothing is done about it if nobody knows whether it arrived
    """

    delivery_id: str
    tag: str
    attempts: int
    recipient: str
    make: Callable[[], Errand]
    fresh: Callable[[], bool]
    quiet: timedelta


@dataclass(frozen=True)
class Handed:
    """What became of a parcel: the words of whoever took it, or the error; None for one that was not sent at all.

    Neither names the recipient: from here on it may be told to anybody.
    """

    parcel: Parcel
    said: str = ""
    error: BroadcastError | None = None
    sent: bool = True


class MailLines:
    """At most `most` lines, opened when there is work. Used by one thread; its results come back to that thread.

    open_line   see broadcasters.runs; now   monotonic seconds
    """

    def __init__(self, open_line: Callable[[], Line], most: int, now: Callable[[], float]) -> None:
        self._open_line, self._now = open_line, now
        self.most = most
        self.under_way = 0
        self._work: queue.SimpleQueue[Parcel | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Handed] = queue.SimpleQueue()
        self._threads: list[_Sender] = []

    @property
    def idle(self) -> int:
        """How many mails may be handed out now."""
        return self.most - self.under_way

    def hand_out(self, parcel: Parcel) -> None:
        self.under_way += 1
        if self.under_way > len(self._threads):
            sender = _Sender(self._open_line, self._work, self._done)
            self._threads.append(sender)
            sender.start()
        self._work.put(parcel)

    def results(self, wait_s: float) -> list[Handed]:
        """What was finished meanwhile; waits for the first one if nothing is there."""
        found: list[Handed] = []
        try:
            found.append(self._done.get(timeout=wait_s) if self.under_way and wait_s > 0 else self._done.get_nowait())
            while True:
                found.append(self._done.get_nowait())
        except queue.Empty:
            self.under_way -= len(found)
            return found

    def rest(self) -> None:
        """Nothing is to be sent for a while: connections end with what they are doing."""
        for _ in self._threads:
            self._work.put(None)
        self._threads = []
        self._work = queue.SimpleQueue()

    def close(self, finish_s: float) -> list[Handed]:
        """Gives what is under way so long to be finished, then cuts it off. Returns what was finished."""
        threads = self._threads
        self.rest()
        done = []
        end = self._now() + finish_s
        for thread in threads:
            thread.join(max(end - self._now(), 0.0))
        for thread in threads:
            thread.cut()
        while self.under_way and (found := self.results(0.0)):
            done += found
        return done


class _Sender(threading.Thread):
    """One connection."""

    def __init__(self, open_line: Callable[[], Line], work: queue.SimpleQueue[Parcel | None], done: queue.SimpleQueue[Handed]) -> None:
        super().__init__(name="mail", daemon=True)
        self._open_line, self._todo, self._done = open_line, work, done
        self._line: Line | None = None

    def run(self) -> None:
        while (parcel := self._todo.get()) is not None:
            self._done.put(self._hand_over(parcel))
        if self._line is not None:
            self._line.quit()

    def cut(self) -> None:
        line = self._line
        if line is not None and self.is_alive():
            line.cut()

    def _hand_over(self, parcel: Parcel) -> Handed:
        try:
            errand = parcel.make()
            if self._line is None:
                self._line = self._open_line()
            if not parcel.fresh():
                return Handed(parcel, sent=False)
            return Handed(parcel, nameless(errand(self._line), parcel.recipient))
        except BroadcastError as error:
            error.detail = nameless(error.detail, parcel.recipient)
            error.args = (error.detail,)
            if error.code == ACCOUNT and self._line is not None:
                self._line.quit()
                self._line = None
            return Handed(parcel, error=error)
        except Exception as error:
            log.error("a message could not be handed over", error=type(error).__name__, delivery=parcel.delivery_id)
            self._line = None
            why = f"Handing it over failed with {type(error).__name__}; it may have been taken."
            return Handed(parcel, error=Uncertain(OutcomeClass.AMBIGUOUS, why, code=ACCOUNT))


def nameless(said: str, recipient: str) -> str:
    """The words without the address or number, however it is written there: in other case, encoded, its digits in groups."""
    forms = [re.escape(recipient), re.escape(quote(recipient, safe="")), re.escape(quote(recipient, safe="@"))]
    digits = recipient.removeprefix("+")
    if digits.isdigit():
        forms.append(r"\+?" + r"[ ().-]{0,2}".join(digits))
    return re.sub("|".join(forms), "[address]", said, flags=re.IGNORECASE)
