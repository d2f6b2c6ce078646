"""A process that writes into a database at a steady pace until its standard input ends; then it says how many writes there were.

What it cannot do in time, since somebody reads the whole file, it makes up for afterwards: in the end as many were written as were due.
"""

from __future__ import annotations

import select
import sys
import time

from statuspage.outside import SystemClock
from statuspage.store import Database, audit


def write(url: str, per_second: float) -> int:
    database, clock = Database(url), SystemClock()
    begin, done, end = time.monotonic(), 0, None
    print("begun", flush=True)
    while end is None or done < (end - begin) * per_second:
        if end is None and select.select([sys.stdin], [], [], 0.0)[0]:
            end = time.monotonic()
        wait = begin + done / per_second - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        with database.writing() as session:
            audit.append(session, at=clock.now(), who="Ada", what="test")
        done += 1
    database.close()
    return done


if __name__ == "__main__":
    print(write(sys.argv[1], float(sys.argv[2])))
