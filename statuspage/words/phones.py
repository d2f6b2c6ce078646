"""Guard rail: no telephone number in free text. The bank's own stands in the settings and comes in by the catalogue."""

from __future__ import annotations

import re
import unicodedata

from statuspage.core.errors import InvalidText

LONGEST_NUMBER = 6  # digits; a telephone number has more, a time, a year or a small amount has not

_DATES = re.compile(r"(?<!\d)(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{4})(?:[ T]\d{1,2}[:.]\d{2})?(?!\d)")
_TIMES = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)(?:\s*[-–]\s*\d{1,2}[:.h]\d{2}(?!\d))?")
_DIGITS = re.compile(r"\d(?:[\s./()_*·•,'’+:-]{0,3}\d)*")
_PLUS = re.compile(r"\+\s*\(?\s*\d(?:[\s./()-]*\d){2,}")
_LETTER_O = re.compile(r"(?<=\d)[\s.-]?[oO]+(?![a-zA-Z])|(?<![a-zA-Z])[oO]+[\s.-]?(?=\d)")
_CALL = re.compile(
    r"\b(?:call|phone|dial|ring|text|sms|whatsapp|llam[ae]\w*|marque|telefono|tel|bel|bellen|telefoon|appelez|appeler|composez|"
    r"telephone|rufen|anrufen|telefon|wahlen|nummer|numero|number)\b[^.!?]{0,25}?(?<![\d:.])\d{3,}(?![\d]*[:.]\d)"
)
_DIGIT_WORDS = (
    "zero|one|two|three|four|five|six|seven|eight|nine|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|nul|een|twee|drie|vier|vijf|"
    "zes|zeven|acht|negen|un|deux|trois|quatre|cinq|sept|huit|neuf|null|eins|zwei|drei|funf|sechs|sieben|neun|oh|double|doble|dubbel"
)
_SPELT = re.compile(rf"\b(?:{_DIGIT_WORDS})(?:[\s,.-]+(?:{_DIGIT_WORDS})){{4,}}\b")


def check_phones(text: str, where: str) -> None:
    """Raises InvalidText for what looks like a telephone number: in digits, spelt out, or a short one after "call"."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    plain = _TIMES.sub(" , ", _DATES.sub(" , ", plain))
    digits = _LETTER_O.sub("0", plain)
    found = (
        next((match for match in _DIGITS.finditer(digits) if sum(map(str.isdigit, match.group())) > LONGEST_NUMBER), None)
        or _PLUS.search(digits)
        or _CALL.search(digits.casefold())
        or _SPELT.search(plain.casefold())
    )
    if found:
        raise InvalidText(
            f"{where}: a telephone number found: {found.group()!r}. Numbers of up to {LONGEST_NUMBER} digits, dates and times are "
            "allowed; write large amounts in words (1.2 million). The bank's number comes from page.phone, by the sentence 'urgent'. "
            "The text was not taken."
        )
