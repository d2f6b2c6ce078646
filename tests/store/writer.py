"""A process that writes, for the tests of a busy and of a full database."""

from __future__ import annotations

import resource
import signal
import sys
from datetime import UTC, datetime

from statuspage.core.checks import CheckResult
from statuspage.core.vocabulary import Outcome, Reason
from statuspage.store import Database, checks
from statuspage.store.tables import CounterRow
from statuspage.store.trouble import StoreFull

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def result(location: str, number: int, evidence: str = "") -> CheckResult:
    return CheckResult("p", location, number, T0, Outcome.PASSED, Reason.AS_EXPECTED, evidence=evidence)


def write(url: str, location: str, count: int) -> None:
    """`count` transactions, each of which reads a shared sum, adds a row and writes the sum anew: a lost update would show."""
    database = Database(url)
    for number in range(count):
        with database.writing() as session:
            kept = session.get(CounterRow, ("written", ""))
            checks.add(session, [result(location, number)], T0)
            session.merge(CounterRow(name="written", labels="", value=1.0 + (kept.value if kept else 0.0)))
    database.close()


def fill(url: str, limit: int) -> None:
    """Writes until the file may not grow any more; ends with 0 if that was said clearly and the database is sound."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    database = Database(url)
    try:
        for number in range(100_000):
            with database.writing() as session:
                checks.add(session, [result("here", number, "x" * 400)], T0)
    except StoreFull as error:
        sys.exit(0 if "nothing was saved" in str(error) and database.integrity() == [] else 2)
    sys.exit(3)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        fill(sys.argv[2], int(sys.argv[3]))
