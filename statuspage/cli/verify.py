"""Checks a signed notice, from anywhere: nothing of the bank's own installation is needed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click

from broadcasters.errors import BroadcastError
from broadcasters.http import Http, RequestsTransport
from statuspage.cli.common import NO_ANSWER, NOT_FOUND, REFUSED, Invocation, explained, fail
from statuspage.core.ids import CODE_LENGTH, typed_code
from statuspage.outside import SystemClock
from statuspage.publish.signing import KEYS_PATH, Checked, Keys, NotGenuine, Unreadable, check, page_named, read_keys_file
from statuspage.settings.source import SourceError, read_yaml

_CODE_PAGE = re.compile(r"(?P<before>.*?)(?P<language>/[a-z]{2,3})?/u/(?P<code>[^/]+)(?:/(?:signed\.json)?)?", re.IGNORECASE | re.DOTALL)
_DEADLINE_S = 20.0


@click.command()
@click.argument("what", metavar="FILE|URL|CODE")
@click.option("--page", help="Address of the bank's status page, as you know it; default: that of the configuration.")
@click.option("--keys", "keys_file", type=click.Path(path_type=Path), help="The page's list of keys; default: fetched there.")
@click.pass_obj
@explained
def verify(invocation: Invocation, what: str, page: str | None, keys_file: Path | None) -> None:
    """Check that a notice is the bank's and unchanged, and say what was checked.

    \b
    statuspage verify K7Q2MXP --page https://status.example.com
    statuspage verify https://status.example.com/u/K7Q2MXP
    statuspage verify signed.json --keys statuspage-keys.json

    Exit status 0: genuine; 1: not genuine; 4: no such code, file or page; 6: it could not be fetched, or is no signed notice at all.
    """
    known = (page or _configured(invocation)).rstrip("/")
    data, code = _notice(what, known)
    try:
        named = known or page_named(data)
        source = str(keys_file) if keys_file else named + KEYS_PATH
        keys = read_keys_file(keys_file.read_bytes() if keys_file else _fetched(source))
        found = check(data, keys)
        _same(found, keys, known, code)
    except Unreadable as wrong:
        fail(f"{wrong} Nothing was checked.", NO_ANSWER)
    except NotGenuine as wrong:
        fail(f"NOT GENUINE. {wrong}", REFUSED)
    _tell(invocation, found, source, trusted=bool(known or keys_file))


def _configured(invocation: Invocation) -> str:
    """page.url of the configuration, if there is one here and it stands there in plain words: references are not looked up."""
    try:
        data = read_yaml(invocation.process.config.read_text(encoding="utf-8")).data
        url = str(data["page"]["url"])
    except (OSError, UnicodeDecodeError, SourceError, KeyError, TypeError):
        return ""
    return url if urlsplit(url).scheme in ("http", "https") else ""


def _notice(what: str, page: str) -> tuple[bytes, str]:
    """The signed file, and the code that it must be of, or "" """
    address = what.strip()
    if address.lower().startswith(("http://", "https://")):
        link = _code_page(address, page)
        return (_fetched(f"{link[0]}/u/{link[1]}/signed.json"), link[1]) if link else (_fetched(address), "")
    if Path(what).is_file():
        return Path(what).read_bytes(), ""
    code = typed_code(what)
    if code is None:
        fail(f"{what!r} is no file here, no address and no code of {CODE_LENGTH} letters and digits. Nothing was checked.", NOT_FOUND)
    if not page:
        fail("Say whose code it is: --page https://…, the bank's status page as you know it. Nothing was checked.", NOT_FOUND)
    return _fetched(f"{page}/u/{code}/signed.json"), code


def _code_page(address: str, page: str) -> tuple[str, str] | None:
    """The page and the code of an address as messages carry it, with what programs put behind it (?fbclid=…); None for any other."""
    try:
        parts = urlsplit(address)
    except ValueError:
        fail(f"The address {address!r} cannot be read. Nothing was checked.", NOT_FOUND)
    link = _CODE_PAGE.fullmatch(unquote(parts.path))
    code = typed_code(link["code"]) if link else None
    if link is None or code is None:
        return None
    before, language = link["before"], link["language"] or ""  # as in /en/u/CODE; but a page may stand under such a path, too
    own = before + language if urlsplit(page).path == before + language else before
    return f"{parts.scheme}://{parts.netloc}{own}", code


def _fetched(url: str) -> bytes:
    http = Http(RequestsTransport(), deadline_s=_DEADLINE_S, now=SystemClock().now)
    try:
        return http.fetch(url)
    except BroadcastError as error:
        missing = " answered 404" in error.detail
        hint = " No message of that page carries this code, or it is not signed." if missing and "/u/" in url else ""
        fail(f"{url} could not be fetched: {error.detail}{hint} Nothing was checked.", NOT_FOUND if missing else NO_ANSWER)


def _same(found: list[Checked], keys: Keys, page: str, code: str) -> None:
    """Raises NotGenuine if it is another page's, or another code's, than was asked about."""
    if page and keys.page != page:
        raise NotGenuine(f"The keys say that they are those of {keys.page!r}; you asked about {page!r}.")
    if code and [one.head.get("id") for one in found] != [code]:
        raise NotGenuine(f"The notice behind the code {code} is that of another code.")


def _tell(invocation: Invocation, found: list[Checked], source: str, *, trusted: bool) -> None:
    if invocation.as_json:
        told: list[dict[str, Any]] = [{**one.head, "words": one.words, "key": one.key, "key_use": one.use} for one in found]
        click.echo(json.dumps({"genuine": True, "keys_from": source, "page_given": trusted, "notices": told}, ensure_ascii=False, indent=2))
        return
    click.echo("GENUINE. Checked:")
    for key, use in {one.key: one.use for one in found}.items():
        click.echo(f"- each Ed25519 signature is right for its text, under the key {key} ({use})")
    click.echo(f"- {source} lists that key as one of {found[0].head['page']}")
    if not trusted:
        click.echo(f"NOT checked: whether {found[0].head['page']} is your bank's page. The notice itself names it; give --page to be sure.")
    click.echo("Not checked: whether what you received says the same. These are the words that were signed:")
    for one in found:
        facts = ", ".join(f"{name} {value}" for name, value in one.head.items() if name != "page")
        click.echo(f"\n--- {facts}\n{one.words}")


COMMANDS = [verify]
