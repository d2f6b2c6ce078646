"""What pages carry in themselves: one style sheet, at most one script, and the templates. Read once, hashed for the policy."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from statuspage.core.contrast import readable_on
from statuspage.core.theme import OURS, Theme

_PACKAGE = Path(__file__).resolve().parent.parent
TEMPLATES = _PACKAGE.parent / "templates"  # beside this package in a checkout and in an installation alike
STATIC = _PACKAGE / "static"
STYLES = ("tokens", "base", "components/chrome", "components/status", "components/incident", "components/ways")


@dataclass(frozen=True)
class Assets:
    """The inline style sheet and scripts, and their digests as a Content-Security-Policy names them.

    script   of the front pages
    check    of the page of a signed message
    """

    style: str
    script: str
    check: str
    hashes: Mapping[str, str]


def small_css(text: str) -> str:
    """A style sheet without comments and needless space. Strings in our sheets hold neither."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*([{};,>])\s*", r"\1", text)
    return text.replace(": ", ":").replace(";}", "}").strip()


def small_js(text: str) -> str:
    """A script without whole-line and end-of-line comments and indentation; nothing cleverer."""
    lines = (re.sub(r"(^|\s)//\s.*$", "", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def digest_source(text: str) -> str:
    """sha256-… of an inline style sheet or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def load_assets(theme: Theme = OURS) -> Assets:
    """The product's style sheet, with the bank's colours in it, and its scripts."""
    ours = "".join((STATIC / "css" / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)
    style = small_css(ours + _colours(theme))
    script, check = (small_js((STATIC / "js" / f"{name}.js").read_text(encoding="utf-8")) for name in ("page", "check"))
    return Assets(style, script, check, {"style": digest_source(style), "script": f"{digest_source(script)} {digest_source(check)}"})


def _colours(theme: Theme) -> str:
    """The bank's colours as tokens: the configuration has checked that they can be read."""
    band = f"--band: {theme.band}; --on-band: {readable_on(theme.band)};"
    dark = f"@media screen and (prefers-color-scheme: dark) {{ :root {{ --link: {theme.link_dark} }} }}"
    return f":root {{ {band} --link: {theme.link} }} {dark}"


@cache
def environment() -> Environment:
    """Templates with escaping on for everything; an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["iso"] = iso
    return made


@cache
def compile_templates() -> None:
    """Once, at the start: a publication must not wait for it."""
    for path in sorted((TEMPLATES / "public").glob("*.htm*")):
        environment().get_template(f"public/{path.name}")


def iso(at: datetime) -> str:
    """A moment for machines, to the second."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def raw(text: str) -> Markup:
    """Our own style sheet or script, which may not be escaped."""
    return Markup(text)  # noqa: S704 - files of this package, never a text of a person
