"""Guard rails for everything that did not come from the catalogue: a person's text, and values such as names.

A text that passes cannot lead customers away, give them a number to call, ask them for a secret, or look different from what it
says. It is still plain text: whoever shows it escapes it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable

from statuspage.core.errors import InvalidText
from statuspage.words.asking import check_asking
from statuspage.words.characters import check_characters
from statuspage.words.links import check_links
from statuspage.words.phones import check_phones

MAX_CHARACTERS = 2_000  # of one text: room for any notice, and a bound on the work of the patterns
FAKE_CHARACTERS = 57  # of {fake}: with more, a warning does not fit two parts of an SMS

_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?])\s+")
_LINKABLE = re.compile(r"\.[^\W\d_]{2}|\d\.\d|@|//|\bwww\b|:\S*/", re.IGNORECASE)


def guard(text: str, *, own_hosts: Iterable[str], known: Collection[str] = frozenset(), where: str = "text") -> None:
    """Raises InvalidText, saying where, what was found and what is allowed, if the text breaks a guard rail.

    own_hosts   hosts that it may link to, exactly as they are spelt: no subdomains
    known       digests of sentences that pass as they are (see digests)
    where       what the text is, for the message
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidText(f"{where}: {len(text)} characters found; at most {MAX_CHARACTERS} are allowed. The text was not taken.")
    check_characters(text, where)
    rest = " ".join(sentence for sentence in _sentences(text) if _digest(sentence) not in known)
    rest = check_links(rest, tuple(own_hosts), where)
    check_phones(rest, where)
    check_asking(rest, where)


def digests(texts: Iterable[str]) -> frozenset[str]:
    """Digests of the sentences of these texts."""
    return frozenset(_digest(sentence) for text in texts for sentence in _sentences(text))


def check_fake(name: str, where: str = "fake") -> None:
    """A false name or site in a fraud warning must be written so that nobody lands there: bank-help[.]example.

    Raises InvalidText if a network could make a link or a mention of it.
    """
    check_characters(name, where)
    if not name.strip() or len(name) > FAKE_CHARACTERS:
        raise InvalidText(f"{where}: {len(name)} characters found; 1 to {FAKE_CHARACTERS} are allowed. The warning was not made.")
    if _LINKABLE.search(unicodedata.normalize("NFKC", name).replace("[.]", " ")):
        raise InvalidText(
            f"{where}: {name!r} could become a link or a mention. Write every dot as [.], and leave out @, www and https://: "
            "bank-help[.]example. The warning was not made."
        )


def _sentences(text: str) -> list[str]:
    return [sentence for sentence in _BETWEEN_SENTENCES.split(unicodedata.normalize("NFC", text).strip()) if sentence]


def _digest(sentence: str) -> str:
    return hashlib.sha256(" ".join(sentence.split()).encode("utf-8")).hexdigest()
