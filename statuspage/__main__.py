"""`python -m statuspage` is the `statuspage` command."""

import sys


def main() -> None:
    """Ctrl-C while the program is still being read ends it without a word."""
    try:
        from statuspage.cli import main as command
    except KeyboardInterrupt:
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
