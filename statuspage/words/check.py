"""Are the words complete? `python -m statuspage.words.check` names every text that a language lacks, and ends with 1 if there is one.

It looks at the words that come with the product, in every language of interface.LANGUAGES: the catalogue of notices and the
interface words, their slots and their plural forms. Files beside them that are read as no language are named too. `make check` calls it.
"""

from __future__ import annotations

import sys

from statuspage.core.errors import DomainError
from statuspage.words.catalogue import load_catalogue
from statuspage.words.interface import LANGUAGES, differences, load_interface
from statuspage.words.source import unread


def faults() -> list[str]:
    """Everything that is missing or wrong, one line each; empty if the words are complete."""
    try:
        catalogue = load_catalogue()
        interfaces = {language: load_interface(language) for language in LANGUAGES}
    except DomainError as fault:
        return str(fault).splitlines()
    strange = [f"data/locale: {name} is not read: use two small letters and .yaml, as in pt.yaml, or take it away" for name in unread()]
    missing = strange + [f"the catalogue of notices: {name} is missing" for name in catalogue.missing(LANGUAGES)]
    return missing + [f"data/locale: {fault}" for fault in differences(interfaces)]


def main() -> int:
    found = faults()
    if found:
        sys.stderr.write("".join(f"{line}\n" for line in found))
        return 1
    texts, keys = len(load_catalogue().texts), len(load_interface(LANGUAGES[0]))
    sys.stdout.write(f"Words complete: {texts} texts of notices and {keys} of the interface in {', '.join(LANGUAGES)}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
