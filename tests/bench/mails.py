"""(g) Mails per second: a run to a list with its ledger, against the same relay without one; and whether memory stays flat."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broadcasters import email
from broadcasters.smtp import SmtpTransport
from statuspage.store.engine import Database
from statuspage.store.tables import Base
from tests.mail.stage import Office, config, people, told

RECIPIENTS = 100_000
ALONE = 10_000  # mails of the relay alone
CONNECTIONS = 20
TOP = Path(__file__).parent.parent.parent


def measure(folder: Path, recipients: int = RECIPIENTS, alone: int = ALONE) -> str:
    with _relay() as port:
        limit = alone / _alone(port, folder, alone)
        office, size = _prepared(port, folder, recipients)
        row = office.say()
        began, early = time.monotonic(), 0
        while not office.now(row).state.final:
            office.ctx.ports.clock.wait(min(office.dispatcher.step(), 0.05))
            if not early and office.counts(row).get("sent", 0) >= recipients // 20:
                early = _resident_kib()
        rate, late = recipients / (time.monotonic() - began), _resident_kib()
        sent = office.counts(row)["sent"]
        office.close()
    if sent != recipients:
        raise RuntimeError(f"{sent} of {recipients} mails were taken; the figures would mean nothing")
    return "\n".join(
        [
            "## Mails per second",
            "",
            f"One run to {recipients:,} subscribers of a list ({size / 1e6:.1f} MB) over {CONNECTIONS} connections to a relay on this",
            "machine (aiosmtpd, in a process of its own), ledger in SQLite; against the same connections handing over a ready mail",
            "without any ledger, which is what the relay can take.",
            "",
            "| | mails/s | ratio |",
            "|---|---|---|",
            f"| the relay's own limit | {limit:,.0f} | 1 |",
            f"| a run with its ledger | {rate:,.0f} | {rate / limit:.2f} |",
            "",
            f"Memory of the sending process: {early / 1024:.0f} MiB after a twentieth of the run, {late / 1024:.0f} MiB at its end.",
        ]
    )


def _prepared(port: int, folder: Path, recipients: int) -> tuple[Office, int]:
    url = f"sqlite:///{folder / 'ledger.db'}"
    database = Database(url)
    Base.metadata.create_all(database.engine)
    database.close()
    office = Office.opened(url, config(port, folder, connections=CONNECTIONS, per_second=10_000.0))
    office.take_list(people(recipients))
    return office, (folder / "people.csv").stat().st_size


def _alone(port: int, folder: Path, number: int) -> float:
    """Seconds for so many mails over the same connections, each with the same ready bytes."""
    own = config(port, folder)
    row = told(1, "incident1", "en")
    ready = email.letter(row.text, "en", own, run=row.id, root="", page="https://status.bank.example", at=row.created_at)
    content = ready.content("person@example.com", "a" * 32, "b" * 64)
    server = email.server(own, deadline_s=30.0, connect_timeout_s=5.0)

    def send() -> None:
        line = SmtpTransport().open(server)
        for _ in range(number // CONNECTIONS):
            line.send(own.sender, "person@example.com", content)
        line.quit()

    threads = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began


@contextmanager
def _relay() -> Iterator[int]:
    """The relay in a process of its own, so that it does not share the sender's interpreter."""
    code = (
        "import sys\nfrom tests.mail.sink import Sink, relay\n"
        "with relay(Sink(keep=False)) as sink:\n    print(sink.port, flush=True)\n    sys.stdin.read()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdin is not None
    try:
        yield int(child.stdout.readline())
    finally:
        child.stdin.close()
        child.wait(30)
        child.stdout.close()


def _resident_kib() -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found.group(1))
