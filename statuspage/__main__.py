"""`python -m statuspage` is the `statuspage` command."""

from statuspage.cli import main

main()
