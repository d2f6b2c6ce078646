"""How hard a text is to read: LIX (Bjornsson 1968), which needs no list of syllables and so is the same in every language.

    LIX = words per sentence + percentage of words with more than six letters

About 25 reads like a children's book, 40 like a newspaper, 60 like a statute. Dutch and German join words that English keeps
apart and come out some points higher for the same plainness; the limit is the same for all, since it is the reader who counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONG_WORD = 6  # letters; a word with more is long
LIMIT = 40.0  # of a notice

_ADDRESS = re.compile(r"https?://\S+")
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_SENTENCE_END = re.compile(r"[.!?:](?=\s|$)|\n")


@dataclass(frozen=True)
class Reading:
    """The measure of one text. words: how many; longest: words of its longest sentence."""

    lix: float
    words: int
    words_per_sentence: float
    longest: int

    @property
    def plain(self) -> bool:
        return self.lix < LIMIT


def measure(text: str) -> Reading:
    """Measure a text. An address is no word, a number is a short one; a colon or a line break ends a sentence as a full stop does."""
    sentences = [_WORD.findall(part) for part in _SENTENCE_END.split(_ADDRESS.sub("", text))]
    counted = [words for words in sentences if words]
    if not counted:
        return Reading(0.0, 0, 0.0, 0)
    words = [word for sentence in counted for word in sentence]
    long_words = sum(1 for word in words if sum(map(str.isalpha, word)) > LONG_WORD)
    per_sentence = len(words) / len(counted)
    return Reading(per_sentence + 100 * long_words / len(words), len(words), per_sentence, max(map(len, counted)))
