"""Who is told by mail or short message: the list as a bank keeps it in a file, and what stands for a subscriber elsewhere."""

from __future__ import annotations

import csv
import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

MOST_PROBLEMS = 20
LONGEST_LINE = 400
HEADINGS = (["address", "language"], ["number", "language"])
_TOKEN = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Subscriber:
    """tag   stands for the address in ids, in the ledger and among those who left; the same for ever, whatever the list says."""

    tag: str
    address: str
    language: str


class BrokenList(Exception):
    """A list cannot be used. problems: file:line: what is wrong and what is allowed, without any address."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def tag_of(address: str, secret: bytes) -> str:
    """32 letters of 0-9, a-f. Case does not count. Without the secret nobody can find the address by trying."""
    return hmac.new(secret, b"subscriber " + address.lower().encode(), hashlib.sha256).hexdigest()[:32]


def token_of(tag: str, secret: bytes) -> str:
    """What a mail carries for leaving the list: the tag, and a proof that we made it."""
    return tag + hmac.new(secret, b"leave " + tag.encode(), hashlib.sha256).hexdigest()[:32]


def tag_in(token: str, secret: bytes) -> str | None:
    """The tag of a token that this secret made; None for anything else."""
    if not _TOKEN.fullmatch(token):
        return None
    tag = token[:32]
    return tag if hmac.compare_digest(token_of(tag, secret), token) else None


def read_list(
    text: str, *, name: str, languages: Collection[str], default: str, fault: Callable[[str], str], secret: bytes
) -> Iterator[Subscriber]:
    """Everybody on the list, in its order. Reads all of it before it hands out the first.

    text       one subscriber a line: ADDRESS or ADDRESS,LANGUAGE. Empty lines, lines that begin with #, and "address,language"
               or "number,language" before all others are passed over
    name       of the file, for messages;  languages   in which something is sent;  default   where a line names none
    fault      what is wrong with an address, without repeating it; "" if nothing is
    raises     BrokenList with at most 20 problems, each with its line: a list with one mistake is refused whole
    """
    problems: list[str] = []
    found: list[tuple[str, str]] = []
    lines: dict[str, int] = {}
    for number, fields in _lines(text):
        problem = _wrong(fields, languages, default, fault) or _twice(fields[0], number, lines)
        if problem:
            problems.append(f"{name}:{number}: {problem}")
        else:
            found.append((fields[0], fields[1] if len(fields) > 1 and fields[1] else default))
        if len(problems) >= MOST_PROBLEMS:
            problems.append(f"{name}: and perhaps more; the rest was not read")
            break
    if not found and not problems:
        problems.append(f"{name}:1: nobody is on the list. Write one subscriber a line: address,language")
    if problems:
        raise BrokenList(problems)
    return (Subscriber(tag_of(address, secret), address, language) for address, language in found)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    begun = False
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = line.removesuffix("\r")
        if not line.strip() or line.startswith("#"):
            continue
        fields = [line] if len(line) > LONGEST_LINE else _fields(line)
        if begun or fields not in HEADINGS:
            yield number, fields
        begun = True


def _fields(line: str) -> list[str]:
    try:
        return [value.strip() for value in next(csv.reader([line], strict=True))]
    except csv.Error:
        return [line]


def _wrong(fields: list[str], languages: Collection[str], default: str, fault: Callable[[str], str]) -> str:
    if len(fields) > 2:
        return f"found {len(fields)} values; allowed are the address and, after a comma, the language."
    if wrong := fault(fields[0]):
        return wrong
    language = fields[1] if len(fields) > 1 and fields[1] else default
    if language not in languages:
        said = "no language, and the page's own is" if language == default and len(fields) == 1 else "the language"
        return f"found {said} {language[:20]!r}; notices go out in: {', '.join(sorted(languages))}."
    return ""


def _twice(address: str, number: int, lines: dict[str, int]) -> str:
    before = lines.setdefault(address.lower(), number)
    return "" if before == number else f"the same address stands in line {before}. Each may stand there once."
