"""Guard rail: a text may point to the bank's own hosts and to nothing else, in no spelling that a network or a reader would follow."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from statuspage.core.errors import InvalidText

# Services that hide where a link leads. Refused even if somebody lists one as an own host.
SHORTENERS = frozenset(
    [
        "adf.ly",
        "bit.do",
        "bit.ly",
        "buff.ly",
        "cutt.ly",
        "dlvr.it",
        "goo.gl",
        "ift.tt",
        "is.gd",
        "j.mp",
        "lnkd.in",
        "ow.ly",
        "rb.gy",
        "rebrand.ly",
        "s.id",
        "shorturl.at",
        "soo.gd",
        "t.co",
        "t.ly",
        "tiny.cc",
        "tinyurl.com",
        "tr.im",
        "trib.al",
        "urlz.fr",
        "v.gd",
        "wp.me",
        "x.co",
        "youtu.be",
    ]
)
LOOPBACK = frozenset(("127.0.0.1", "localhost"))

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL}){{0,8}}\.(?:[^\W\d_]{{2,63}}|xn--[\w-]{{1,59}})"
_QUAD = r"\d{1,3}(?:\.\d{1,3}){3}"
_TAIL = r"(?::(?P<port>\d+))?(?P<rest>[/?#\\]\S*)?"

_HTTP = re.compile(r"(?P<scheme>https?)://(?P<host>[^\s/?#\\:]*)" + _TAIL)
_BARE = re.compile(rf"(?<![\w@.-])(?P<host>{_DOMAIN}|{_QUAD}){_TAIL}")
_OWN_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]*)*")
_NO_DOUBLE_SLASH = re.compile(r"//|/\.\.?(?:/|$)")
_AFTER_LINK = ".,;:!?)\"'"  # of the sentence, not of the address

_FOREIGN = (
    (re.compile(r"[a-z][a-z0-9+.-]*\s*:\s*[/\\]\s*[/\\]"), "an address with its protocol"),
    (re.compile(r"[/\\]{2}"), "an address without its protocol"),
    (
        re.compile(
            r"\b(?:javascript|data|vbscript|mailto|tel|sms|callto|skype|whatsapp|tg|intent|market|file|ftp|blob|geo|facetime)\s*:(?=\S)"
        ),
        "an address with its protocol",
    ),
    (re.compile(r"@"), "a mention or a mail address"),
    (re.compile(r"\[[0-9a-f]*:[0-9a-f:.]*\]"), "a network address"),
    (re.compile(r"\b0x[0-9a-f]{8}\b"), "a network address"),
    (re.compile(r"\w\s*[\[({<]\s*(?:\.|dot|punto|punt|point|punkt)\s*[\])}>]\s*\w"), "an address with a disguised dot"),
    (
        re.compile(r"\w\s(?:dot|punto|punt|point|punkt)\s(?:com|net|org|info|biz|io|co|me|es|nl|fr|de|be|eu|uk|xyz|top)\b"),
        "an address with a disguised dot",
    ),
    (re.compile(r"\w\s+\.\s*(?:com|net|org|info|biz|xyz|[a-z]{2})\b|\w\.\s+(?:com|org|biz|xyz)\b"), "an address with spaces in it"),
    (re.compile(rf"[^\W_]\.(?:[^\W\d_]{{2}}|xn--)|{_QUAD}"), "an address"),
)


def check_links(text: str, own_hosts: Collection[str], where: str) -> str:
    """Returns the text in lower case without its links to own hosts.

    Raises InvalidText for anything that leads elsewhere than to a page of an own host: https, a path, no query, no sign-in part.
    http and a port are taken on the loopback hosts only. A bare "status.example.com/news" of an own host is taken too.
    """
    seen = unicodedata.normalize("NFKC", text).casefold()
    own = frozenset(host.casefold() for host in own_hosts) - SHORTENERS
    rest = _BARE.sub(lambda match: _unless_own(match, own), _HTTP.sub(lambda match: _unless_own(match, own), seen))
    for pattern, what in _FOREIGN:
        if match := pattern.search(rest):
            allowed = ", ".join(f"https://{host}/..." for host in sorted(own)) or "none here"
            raise InvalidText(
                f"{where}: {what} found: {_shown(rest, match)!r}. Links allowed: {allowed}; after a full stop comes a space. "
                "The text was not taken."
            )
    return rest


def _unless_own(match: re.Match[str], own: frozenset[str]) -> str:
    """A space in place of a link to an own host, else the match itself, which is then refused."""
    groups = match.groupdict()
    port, rest = groups["port"], (groups["rest"] or "").rstrip(_AFTER_LINK)
    host = groups["host"] if groups["rest"] or port else groups["host"].rstrip(_AFTER_LINK)
    loopback = host in LOOPBACK
    if host not in own or (port and not loopback) or (groups.get("scheme") == "http" and not loopback):
        return match.group()
    if not _OWN_PATH.fullmatch(rest) or _NO_DOUBLE_SLASH.search(rest):
        return match.group()
    return " "


def _shown(text: str, match: re.Match[str]) -> str:
    start = text.rfind(" ", 0, match.start() + 1) + 1
    end = text.find(" ", match.end())
    return text[start : end if end >= 0 else len(text)][:80]
