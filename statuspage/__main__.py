"""`python -m statuspage` is the `statuspage` command."""

import logging
import os
import signal
import sys

from statuspage import interrupt

INTERRUPTED = 130  # 128 + SIGINT
ABORTED = 1  # what click makes of it


def main() -> None:
    """Ctrl-C ends it with the status that shells know, wherever the program is, and without a word while it is still being read.

    Also where a shell that put it into the background had the signal ignored: whoever sends it later means it.
    """
    interrupt.raise_on(signal.SIGINT)
    try:
        from statuspage.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        status = INTERRUPTED if end.code == ABORTED and interrupt.heard() else end.code
        if isinstance(status, int) and _all_is_written():
            os._exit(status)
        raise


def _all_is_written() -> bool:
    """Puts out what is still in memory, so that the process may end at once.

    Python would take apart every object first: half a second of a busy processor in each process, of the five that Ctrl-C gives the
    whole product. A command has closed what it opened when it is here, as it must for being killed.
    """
    try:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads any more: Python ends it in its own way
        return False
    return True


if __name__ == "__main__":
    main()
